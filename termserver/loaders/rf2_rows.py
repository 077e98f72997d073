"""Rows of an RF2 file: tab-separated, one header line, no quoting. Source: SNOMED CT Release File Specifications 2025."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from termserver.errors import BadFile
from termserver.loaders.release_files import ReleaseFile
from termserver.loaders.source import LoadedCodeSystem
from termserver.model.source_list import RowProblem

_MOST_PROBLEMS = 1000


def read_rows(
    file: ReleaseFile, width: int, loaded: LoadedCodeSystem, *, first: str = "id"
) -> Iterator[tuple[int, Sequence[str]]]:
    """Rows below the header with their lines; too short ones are refused.

    Parameters
    ----------
    width
        Least number of columns.
    first
        Name of the first column.

    Raises
    ------
    BadFile
        If the columns are not those of RF2, or the file is not UTF-8.
    """
    with file.open() as lines:
        header = next(lines, "").rstrip("\r\n").split("\t")
        if header[0] != first or len(header) < width:
            raise BadFile(
                f"an RF2 file has the columns {first}, effectiveTime, active… ({width} of them); this one has: "
                f"{', '.join(header)}",
                file=file.base_name,
                line=1,
            )
        try:
            for line, text in enumerate(lines, start=2):
                row = text.rstrip("\r\n").split("\t")
                if len(row) >= width:
                    yield line, row
                elif text.strip():
                    _refuse_row(loaded, file, line, row, width)
        except UnicodeDecodeError as error:
            raise BadFile(
                f"the file is not UTF-8 ({error.reason} at byte {error.start})", file=file.base_name
            ) from None


def _refuse_row(loaded: LoadedCodeSystem, file: ReleaseFile, line: int, row: Sequence[str], width: int) -> None:
    if "_Concept_" in file.base_name:
        loaded.counts.rows += 1
        loaded.counts.refused += 1
    note_problem(
        loaded, line, None, row[0], "error", "ragged-row",
        f"{file.base_name}: the row has {len(row)} columns where {width} are needed",
    )  # fmt: skip


def note_problem(
    loaded: LoadedCodeSystem,
    line: int | None,
    column: str | None,
    code: str | None,
    severity: str,
    rule: str,
    message: str,
) -> None:
    """Add a problem; warnings only until there are very many."""
    if len(loaded.problems) < _MOST_PROBLEMS or severity == "error":
        loaded.problems.append(RowProblem(line, column, code, severity, rule, message))


def columns_of(file: ReleaseFile) -> tuple[str, ...]:
    """The columns in the header of a file."""
    with file.open() as lines:
        return tuple(next(lines, "").rstrip("\r\n").split("\t"))
