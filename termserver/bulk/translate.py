"""A file in, a translated file out: the format by the file's name, the target written whole or not at all."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from termserver.bulk.codes import CodeTranslator
from termserver.bulk.file_order import FILE_FORMATS
from termserver.bulk.frames import translate_frame
from termserver.bulk.order import BulkOrder
from termserver.bulk.text_files import BulkResult, OnProgress, translate_delimited, translate_ndjson
from termserver.errors import BadFile, BadInput

_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "tsv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
STANDARD = Path("-")


def translate_file(
    source: Path,
    target: Path,
    order: BulkOrder,
    translator: CodeTranslator,
    *,
    file_format: str | None = None,
    delimiter: str | None = None,
    goes_on: bool = False,
    on_progress: OnProgress | None = None,
) -> BulkResult:
    """Translate a file.

    Parameters
    ----------
    source, target
        `-` is standard input or output (text formats).
    file_format
        One of `FILE_FORMATS`; None takes it from the source's name, else from the target's.

    Raises
    ------
    BadFile
        If the source cannot be read; the target is then as it was before.
    """
    chosen = file_format or _SUFFIXES.get(source.suffix.lower()) or _SUFFIXES.get(target.suffix.lower())
    if chosen is None:
        raise BadInput(
            f"The name of the file does not tell its format; name it with --format: {', '.join(FILE_FORMATS)}."
        )
    if chosen in {"parquet", "arrow"}:
        return _translate_columns(source, target, order, translator, on_progress)
    with _opened(source) as reading, _written_whole(target) as writing:
        name = "standard input" if source == STANDARD else source.name
        try:
            if chosen == "ndjson":
                return translate_ndjson(
                    reading, writing, order, translator, name=name, goes_on=goes_on, on_progress=on_progress
                )
            return translate_delimited(
                reading,
                writing,
                order,
                translator,
                name=name,
                delimiter=delimiter or ("\t" if chosen == "tsv" else ","),
                goes_on=goes_on,
                on_progress=on_progress,
            )
        except UnicodeDecodeError as error:
            raise BadFile(
                f"byte {error.start} of a block is no UTF-8 ({error.reason}); convert the file, e.g. with iconv",
                file=name,
            ) from None


def _translate_columns(
    source: Path, target: Path, order: BulkOrder, translator: CodeTranslator, on_progress: OnProgress | None
) -> BulkResult:
    if STANDARD in (source, target):
        raise BadInput("Parquet and Arrow need files; standard input and output take CSV, TSV and NDJSON.")
    beside = target.with_name(f"{target.stem}.part{target.suffix}")
    try:
        result = translate_frame(source, beside, order, translator, on_progress=on_progress)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return result


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    if path == STANDARD:
        sys.stdin.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        yield sys.stdin
        return
    with path.open(encoding="utf-8", newline="") as file:
        yield file


@contextmanager
def _written_whole(path: Path) -> Iterator[TextIO]:
    """A file that appears once it is complete; standard output gets nothing before that either."""
    if path == STANDARD:
        with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as spool:
            yield spool
            spool.seek(0)
            shutil.copyfileobj(spool, sys.stdout)
        return
    beside = path.with_name(path.name + ".part")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            yield file
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
