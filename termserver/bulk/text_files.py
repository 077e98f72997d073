"""CSV, TSV and NDJSON as streams: a record in, its records out. Memory: the distinct codes, whatever the file's size."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TextIO

import orjson

from termserver.bulk.codes import CodeTranslator, Counts
from termserver.bulk.order import BulkOrder
from termserver.bulk.records import BrokenRecordError, Records
from termserver.errors import BadFile

OnProgress = Callable[[int], None]
PROGRESS_STEP = 50_000
MOST_LISTED = 10_000


@dataclass(slots=True)
class BulkResult:
    """What a run did.

    Parameters
    ----------
    broken
        (line, what is wrong) of the first `MOST_LISTED` records that were left out; empty unless the caller said to go on.
    broken_count
        All of them.
    """

    counts: Counts = field(default_factory=Counts)
    broken: list[tuple[int, str]] = field(default_factory=list)
    broken_count: int = 0


def translate_delimited(
    source: TextIO,
    target: TextIO,
    order: BulkOrder,
    translator: CodeTranslator,
    *,
    name: str,
    delimiter: str = ",",
    goes_on: bool = False,
    on_progress: OnProgress | None = None,
) -> BulkResult:
    """Translate delimited text with a header line; all columns are kept, the answer's are added behind.

    Parameters
    ----------
    goes_on
        Leave broken records out and note them, in place of stopping.

    Raises
    ------
    BadFile
        If a column is missing or stands there already, or a record is broken; naming the line.
    """
    records = Records(source, delimiter)
    header = _header(records, order, name=name)
    places = [header.index(column) for column in order.key_columns]
    writer = csv.writer(target, delimiter=delimiter, lineterminator="\n")
    writer.writerow([*header, *order.output_columns])
    result = BulkResult()
    width = len(header)
    for line, cells in _sound(records, result, name=name, goes_on=goes_on):
        if len(cells) != width:
            if cells:
                _broken(result, line, f"{len(cells)} cells, the header names {width}", name=name, goes_on=goes_on)
            continue
        key = tuple(cells[place] for place in places)
        answer = translator.answer(key)
        result.counts.add(key, answer)
        for added in answer.lines:
            writer.writerow([*cells, *added])
        if on_progress is not None and result.counts.total % PROGRESS_STEP == 0:
            on_progress(result.counts.total)
    return result


def translate_ndjson(
    source: TextIO,
    target: TextIO,
    order: BulkOrder,
    translator: CodeTranslator,
    *,
    name: str,
    goes_on: bool = False,
    on_progress: OnProgress | None = None,
) -> BulkResult:
    """Translate one JSON object a line; an object without the code's member counts as unmapped.

    Raises
    ------
    BadFile
        If a line is no JSON object; naming it.
    """
    result = BulkResult()
    names = order.output_columns
    for line, text in enumerate(source, start=1):
        if not text.strip():
            continue
        try:
            body = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            _broken(result, line, f"this is no JSON: {error.msg}", name=name, goes_on=goes_on)
            continue
        if not isinstance(body, dict):
            _broken(result, line, "this is no JSON object", name=name, goes_on=goes_on)
            continue
        key = tuple(_text(body.get(column)) for column in order.key_columns)
        answer = translator.answer(key)
        result.counts.add(key, answer)
        for added in answer.lines:
            target.write(orjson.dumps({**body, **dict(zip(names, added, strict=True))}).decode() + "\n")
        if on_progress is not None and result.counts.total % PROGRESS_STEP == 0:
            on_progress(result.counts.total)
    return result


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _header(records: Records, order: BulkOrder, *, name: str) -> list[str]:
    try:
        _, header = next(records, (0, []))
    except BrokenRecordError as error:
        raise BadFile(f"the header cannot be read: {error.reason}", file=name, line=error.line) from None
    if header:
        header[0] = header[0].removeprefix("\ufeff")
    check_columns(header, order, name=name)
    return header


def check_columns(columns: list[str], order: BulkOrder, *, name: str) -> None:
    """The columns that are read must be there, those that are added must not.

    Raises
    ------
    BadFile
        Naming the columns there are, or those in the way.
    """
    for wanted in order.key_columns:
        if wanted not in columns:
            raise BadFile(f"the column '{wanted}' is missing; there are: {', '.join(columns[:30])}", file=name, line=1)
    taken = [column for column in order.output_columns if column in columns]
    if taken:
        raise BadFile(
            f"the columns {', '.join(taken)} stand in the file already; put a prefix in front of ours (--prefix)",
            file=name,
            line=1,
        )


def _sound(records: Records, result: BulkResult, *, name: str, goes_on: bool) -> Iterator[tuple[int, list[str]]]:
    while True:
        try:
            yield next(records)
        except StopIteration:
            return
        except BrokenRecordError as error:
            _broken(result, error.line, error.reason, name=name, goes_on=goes_on)


def _broken(result: BulkResult, line: int, reason: str, *, name: str, goes_on: bool) -> None:
    if not goes_on:
        raise BadFile(f"{reason}; nothing was written. --on-error continue leaves such rows out", file=name, line=line)
    result.broken_count += 1
    if len(result.broken) < MOST_LISTED:
        result.broken.append((line, reason))
