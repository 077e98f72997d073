"""Read a text file whose columns have fixed widths (Socialstyrelsen's `.ANS`) as table rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from termserver.errors import BadFile
from termserver.loaders.table import TableRow


def read_fixed_width(path: Path, widths: Sequence[int], *, encoding: str, name: str) -> Iterator[TableRow]:
    """Stream the rows, blank lines left out.

    Parameters
    ----------
    widths
        In characters, of all columns but the last, which takes the rest of the line.

    Raises
    ------
    BadFile
        If bytes do not fit the encoding.
    """
    with path.open(encoding=encoding, newline=None) as file:
        line = 0
        try:
            for text in file:
                line += 1
                if text.strip():
                    yield TableRow(line=line, cells=cut(text, widths))
        except UnicodeDecodeError as error:
            raise BadFile(
                f"a byte does not fit the encoding {encoding} ({error.reason})", file=name, line=line + 1
            ) from None


def cut(text: str, widths: Sequence[int]) -> tuple[str, ...]:
    """Cut a line into trimmed cells.

    >>> cut("A00-   Kolera", [7])
    ('A00-', 'Kolera')
    """
    cells: list[str] = []
    start = 0
    for width in widths:
        cells.append(text[start : start + width].strip())
        start += width
    return (*cells, text[start:].strip())
