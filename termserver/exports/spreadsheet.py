"""The table for people as a spreadsheet (XLSX): every cell is text, so that no code becomes a date or a formula."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path

from termserver.errors import BadInput
from termserver.exports.csv_table import context_columns, header_of, lines_of
from termserver.model.map_export import MapExport

_CHUNK = 64 * 1024
_MOST_LINES = 1_048_575  # of a sheet, without its header
_MOST_CHARACTERS = 32_767
_TOO_LONG = " […]"


def write_xlsx(export: MapExport) -> Iterator[bytes]:
    """The workbook as bytes. Memory is one line; the file is made on disk and removed.

    Raises
    ------
    BadInput
        If there are more lines than a sheet holds.
    """
    import xlsxwriter

    stream = iter(export.rows)
    first = list(islice(stream, 1_000))
    context = context_columns(first)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.xlsx"
        options = {"constant_memory": True, "tmpdir": folder, "strings_to_formulas": False, "strings_to_urls": False}
        workbook = xlsxwriter.Workbook(str(path), options)
        # A fixed time, so that the same map gives the same bytes
        workbook.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)})
        sheet = workbook.add_worksheet("Map")
        sheet.freeze_panes(1, 1)
        bold = workbook.add_format({"bold": True})
        for column, name in enumerate(header_of(context)):
            sheet.write_string(0, column, name, bold)
        line = 0
        for row in chain(first, stream):
            for cells in lines_of(export, row, context):
                line += 1
                if line > _MOST_LINES:
                    raise BadInput("The map has more lines than a spreadsheet holds (1,048,575); take the format csv.")
                for column, cell in enumerate(cells):
                    sheet.write_string(line, column, _fitting(cell))
        workbook.close()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def _fitting(cell: str) -> str:
    """A sheet's cell holds 32,767 characters; what was cut says so."""
    return cell if len(cell) <= _MOST_CHARACTERS else cell[: _MOST_CHARACTERS - len(_TOO_LONG)] + _TOO_LONG
