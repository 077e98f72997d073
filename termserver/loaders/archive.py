"""Look into a zip before anything is unpacked: what lies in it, how large it would become."""

from __future__ import annotations

import zipfile
from pathlib import Path

from termserver.errors import BadFile, TooLarge
from termserver.settings import load_settings

# Text compresses 5 to 20 times, a sheet of equal cells up to 200; a bomb 1,000 and more.
_LARGEST_RATIO = 400
_SMALL_BYTES = 20 * 1024 * 1024


def is_zip(path: Path) -> bool:
    """Say whether a file begins as a zip does (XLSX and ODS are zips)."""
    with path.open("rb") as file:
        return file.read(4) in {b"PK\x03\x04", b"PK\x05\x06"}


def check_archive(path: Path, *, name: str, unpacked_limit_mb: int | None = None) -> list[str]:
    """Refuse an archive that is damaged, or would unpack to more than the setting allows.

    Only the directory of the archive is read; what an entry claims is enforced by `zipfile` when it is unpacked.

    Returns
    -------
    Names of the entries, in the archive's order.

    Raises
    ------
    BadFile
        If the archive is truncated or is none.
    TooLarge
        If its unpacked size passes the limit or its ratio is that of a zip bomb.
    """
    limit_mb = unpacked_limit_mb if unpacked_limit_mb is not None else load_settings().unpacked_limit_mb
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise BadFile(
            f"the archive is damaged or incomplete ({error}); send the file again, or save it anew", file=name
        ) from None
    unpacked_bytes = sum(entry.file_size for entry in entries)
    if unpacked_bytes > limit_mb * 1024 * 1024:
        raise TooLarge(
            f"{name} unpacks to {unpacked_bytes / 1024**2:,.0f} MB; the limit is {limit_mb:,} MB"
            " (setting unpacked_limit_mb, TERMSERVER_UNPACKED_LIMIT_MB)"
        )
    for entry in entries:
        if entry.file_size > _SMALL_BYTES and entry.file_size > _LARGEST_RATIO * max(entry.compress_size, 1):
            raise TooLarge(
                f"{name}: '{entry.filename}' unpacks to {entry.file_size / entry.compress_size:,.0f} times its size,"
                " as a zip bomb does; save the file anew with the rows only"
            )
    return [entry.filename for entry in entries]
