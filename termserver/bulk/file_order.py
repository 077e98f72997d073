"""A file to be translated in the background: what is wanted, as a request says it and as the queue keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from termserver.bulk.lock import PinnedMap
from termserver.bulk.order import BulkOrder, Multiple, Unmapped
from termserver.bulk.records import check_delimiter
from termserver.errors import BadInput

FILE_FORMATS = ("csv", "tsv", "ndjson", "parquet", "arrow")
CONTENT_TYPES = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
}
_FORMAT_OF_TYPE = {content_type: name for name, content_type in CONTENT_TYPES.items()} | {
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/x-parquet": "parquet",
}
_SINGLE = (
    "codeColumn", "system", "systemColumn", "url", "multiple", "unmapped", "prefix", "format", "delimiter", "onError",
)  # fmt: skip
_REPEATED = ("targetSystem", "dependency")
PARAMETERS = (*_SINGLE, *_REPEATED)
_LONGEST_VALUE = 2_000
_MOST_REPEATED = 50

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class FileOrder:
    """See `termserver translate`, whose options these are.

    Parameters
    ----------
    file_format
        One of `FILE_FORMATS`; the result has the same.
    delimiter
        Of delimited text; None is a comma, or a tab in TSV.
    goes_on
        Leave records out that cannot be read.
    locked
        The map versions to use, and no others; None takes the current ones.
    """

    order: BulkOrder
    file_format: str
    delimiter: str | None = None
    goes_on: bool = False
    locked: tuple[PinnedMap, ...] | None = None


def read_file_order(
    pairs: Iterable[tuple[str, str]], *, content_type: str = "", locked: tuple[PinnedMap, ...] | None = None
) -> FileOrder:
    """The order that a request's parameters give.

    Parameters
    ----------
    content_type
        Media type of the file, without its parameters; the parameter `format` is stronger.

    Raises
    ------
    BadInput
        Naming the parameter at fault.

    >>> read_file_order([("codeColumn", "dx"), ("system", "http://s")], content_type="text/csv").file_format
    'csv'
    """
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in PARAMETERS:
            raise _fault(name, f"is not known to $bulk-translate; it has: {', '.join(PARAMETERS)}")
        if len(value) > _LONGEST_VALUE or len(given.setdefault(name, [])) >= _MOST_REPEATED:
            raise _fault(name, "is too long, or given too often")
        given[name].append(value)
    for name in _SINGLE:
        if len(set(given.get(name, ()))) > 1:
            raise _fault(name, "is given more than once with different values")
    single = {name: values[0] for name, values in given.items() if name in _SINGLE and values[0]}
    if "codeColumn" not in single:
        raise _fault("codeColumn", "is missing: name the column with the source codes")
    if ("system" in single) == ("systemColumn" in single):
        raise _fault("system", "name the code system of the codes, or the column that holds it (systemColumn)")
    delimiter = single.get("delimiter")
    if delimiter is not None:
        check_delimiter(delimiter)
    on_error = single.get("onError", "stop")
    if on_error not in ("stop", "continue"):
        raise _fault("onError", "must be stop or continue")
    order = BulkOrder(
        code_column=single["codeColumn"],
        system=single.get("system"),
        system_column=single.get("systemColumn"),
        map_url=single.get("url"),
        target_systems=tuple(value for value in given.get("targetSystem", ()) if value),
        dependencies=tuple(_dependency(value) for value in given.get("dependency", ())),
        multiple=_choice(Multiple, single, "multiple", Multiple.EXPLODE),
        unmapped=_choice(Unmapped, single, "unmapped", Unmapped.KEEP),
        prefix=single.get("prefix", ""),
    )
    file_format = single.get("format") or _FORMAT_OF_TYPE.get(content_type)
    if file_format not in FILE_FORMATS:
        raise _fault("format", f"must be one of {', '.join(FILE_FORMATS)}, or be told by Content-Type")
    return FileOrder(order, file_format, delimiter, on_error == "continue", locked)


def _choice(kind: type[Choice], single: dict[str, str], name: str, default: Choice) -> Choice:
    try:
        return kind(single.get(name, default.value))
    except ValueError:
        raise _fault(name, f"must be one of {', '.join(kind)}") from None


def _dependency(text: str) -> tuple[str, str]:
    attribute, _, column = text.rpartition("=")
    if not attribute or not column:
        raise _fault("dependency", f"'{text[:100]}': write ATTRIBUTE=COLUMN")
    return attribute, column


def _fault(name: str, what: str) -> BadInput:
    return BadInput(f"Parameter '{name}': {what}", expression=name)
