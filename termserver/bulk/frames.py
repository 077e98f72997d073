"""Parquet and Arrow files through Polars: each distinct code is translated once, then the file is joined and streamed.

Needs the extra `bulk`. Memory: the distinct codes and what Polars streams, not the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from termserver.bulk.codes import Cells, CodeTranslator, columns_of
from termserver.bulk.order import BulkOrder, Unmapped
from termserver.bulk.text_files import PROGRESS_STEP, BulkResult, OnProgress, check_columns
from termserver.errors import BadFile, NotSupported

if TYPE_CHECKING:
    import polars

_COUNT = "\x00rows"


def translate_frame(
    source: Path, target: Path, order: BulkOrder, translator: CodeTranslator, *, on_progress: OnProgress | None = None
) -> BulkResult:
    """Translate a Parquet (`.parquet`) or Arrow IPC file (`.arrow`, `.feather`) into one of the kind of `target`.

    Codes may be text or whole numbers; the columns of the file stay as they are.

    Raises
    ------
    BadFile
        If the file cannot be read, or columns are missing or in the way.
    NotSupported
        If Polars is not installed.
    """
    pl = _polars()
    try:
        frame = pl.scan_parquet(source) if is_parquet(source) else pl.scan_ipc(source)
        columns = frame.collect_schema().names()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadFile(f"this is no Parquet or Arrow file: {str(error)[:200]}", file=source.name) from None
    check_columns(columns, order, name=source.name)
    keys = [f"\x00key{place}" for place in range(len(order.key_columns))]
    keyed = frame.with_columns(
        pl.col(column).cast(pl.String).fill_null("").alias(key)
        for column, key in zip(order.key_columns, keys, strict=True)
    )
    distinct = keyed.group_by(keys).agg(pl.len().alias(_COUNT)).collect(engine="streaming").sort(keys)
    result = BulkResult()
    answers = _answers(pl, distinct, keys, order, translator, result, on_progress)
    # A dropped row has no answer to join with
    how = "inner" if order.unmapped is Unmapped.DROP else "left"
    joined = keyed.join(answers.lazy(), on=keys, how=how, maintain_order="left").drop(keys)
    if target.suffix in {".arrow", ".feather", ".ipc"}:
        joined.sink_ipc(target)
    else:
        joined.sink_parquet(target)
    return result


def is_parquet(path: Path) -> bool:
    """Tell Parquet by its first bytes."""
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _answers(
    pl: Any,
    distinct: polars.DataFrame,
    keys: list[str],
    order: BulkOrder,
    translator: CodeTranslator,
    result: BulkResult,
    on_progress: OnProgress | None,
) -> polars.DataFrame:
    told = 0
    key_cells: list[tuple[str, ...]] = []
    lines: list[Cells] = []
    for *cells, rows in distinct.iter_rows():
        key = tuple(cells)
        answer = translator.answer(key)
        result.counts.add(key, answer, rows)
        if on_progress is not None and len(key_cells) // PROGRESS_STEP > told:
            told = len(key_cells) // PROGRESS_STEP
            on_progress(result.counts.total)
        key_cells += [key] * len(answer.lines)
        lines += answer.lines
    data: dict[str, list[str | None]] = {name: [cells[place] for cells in key_cells] for place, name in enumerate(keys)}
    data |= {name: columns_of(lines, place) for place, name in enumerate(order.output_columns)}
    frame: polars.DataFrame = pl.DataFrame(data, schema=dict.fromkeys(data, pl.String))
    return frame


def _polars() -> Any:
    try:
        import polars
    except ImportError:
        raise NotSupported(
            "Parquet and Arrow files need Polars: pip install 'termserver[bulk]'. CSV and NDJSON need nothing more."
        ) from None
    return polars
