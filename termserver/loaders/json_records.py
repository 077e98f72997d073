"""Read a JSON array of flat objects (Helsedirektoratet's ICD10.json) as table rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from termserver.errors import BadFile
from termserver.loaders.table import TableRow, text_from_cell


def looks_like_json_records(path: Path) -> bool:
    """True where the file is a JSON array."""
    with path.open("rb") as file:
        return file.read(200).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["


def read_json_records(path: Path, *, name: str) -> tuple[tuple[str, ...], Iterator[TableRow]]:
    """Column names (all keys, in the order they appear) and one row an object; `line` is the object's number, from 1.

    The file is parsed whole (bounded by the upload limit).

    Raises
    ------
    BadFile
        If the JSON is damaged, or is no array of objects.
    """
    import orjson

    try:
        records = orjson.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise BadFile(
            f"the JSON is damaged: {error.msg} (character {error.colno})", file=name, line=error.lineno
        ) from None
    if not isinstance(records, list) or not records or not all(isinstance(record, dict) for record in records):
        raise BadFile('a list of objects is needed: [{"code": …, "text": …}, …]', file=name)
    columns = tuple(dict.fromkeys(key for record in records for key in record))
    rows = (
        TableRow(number, tuple("" if record.get(key) is None else text_from_cell(record[key]) for key in columns))
        for number, record in enumerate(records, start=1)
    )
    return columns, rows
