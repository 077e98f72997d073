"""Index folders that no stored content has any more: of what was removed, or of another version of the program.

A folder goes when it was found unused twice, a day apart: between the two every process that still served the content has
seen that it is gone (they look before each answer), and let go of its files. A file that somebody has mapped nevertheless
stays readable until he lets go; a folder that is missing after all is built anew on first use.
"""

from __future__ import annotations

import contextlib
import logging
import re
import shutil
import time
from collections.abc import Collection
from pathlib import Path

_log = logging.getLogger(__name__)

GRACE_S = 24 * 3600
_MARK = ".unused-"
# As `IndexFolder.path_of` and `table_builder` name them; the folder has other tenants, which are none of our business
_OURS = re.compile(r"(?P<key>id\d+|[0-9a-f]{1,24})-[a-z]+-\d+")


def remove_unused(folder: Path, used: Collection[str], *, now_s: float | None = None) -> list[str]:
    """Mark what is unused, and remove what was marked a day ago.

    Parameters
    ----------
    used
        Keys of all stored content, or their first 24 characters: `builder.index_key`, digests of translation tables.
    now_s
        This moment, as `time.time` says it.

    Returns
    -------
    The names of the folders that were removed.
    """
    now_s = time.time() if now_s is None else now_s
    kept = {key[:24] for key in used}
    removed: list[str] = []
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        found = _OURS.fullmatch(place.name)
        if found is None or not place.is_dir():
            continue
        mark = folder / f"{_MARK}{place.name}"
        if found["key"] in kept:
            mark.unlink(missing_ok=True)
        elif _marked_for_s(mark, now_s) >= GRACE_S:
            shutil.rmtree(place, ignore_errors=True)
            mark.unlink(missing_ok=True)
            removed.append(place.name)
    if removed:
        _log.info("removed %d index folders of content that is no more", len(removed))
    return removed


def _marked_for_s(mark: Path, now_s: float) -> float:
    """How long ago the mark was made; it is made now where there is none."""
    with contextlib.suppress(OSError, ValueError):
        return now_s - float(mark.read_text())
    with contextlib.suppress(OSError):  # a folder that cannot be written to is told of by whoever builds in it
        mark.write_text(str(now_s))
    return 0.0
