"""What can be wrong with a code or a term of a row: rules shared by every table a person uploads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from termserver.loaders.table import TableRow
from termserver.model.source_list import RowProblem

LONGEST_CODE = 200
LONGEST_TERM = 4000
_MOST_EXAMPLES = 20

_MONTHS = (
    "jan|feb|mar|apr|may|maj|mai|jun|jul|aug|sep|okt|oct|nov|dec|des|dets|tammi|helmi|maalis|huhti|touko|kesä|heinä|elo|syys|loka"
    "|marras|joulu|jaan|veebr|märts|juuni|juuli|sept|janv|febr|maijs|jūn|jūl|maí|ágú|nóv"
)
_DATE = re.compile(
    rf"^(?:\d{{4}}-\d{{2}}-\d{{2}}(?:[T ]\d{{2}}:\d{{2}}(?::\d{{2}})?(?:\.0+)?)?|\d{{1,2}}\.\d{{1,2}}\.(?:19|20)\d{{2}}"
    rf"|\d{{1,2}}/\d{{1,2}}/(?:19|20)?\d{{2}}|\d{{1,2}}[-.](?:{_MONTHS})\.?|(?:{_MONTHS})\.?-\d{{2,4}})$",
    re.IGNORECASE,
)
_SCIENTIFIC = re.compile(r"^\d(?:[.,]\d+)?E\+\d+$", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")
# UTF-8 read as cp1252: two to three odd characters where one letter was.
_MOJIBAKE = re.compile("[ÃÅÄ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€|Â[°µ±²³§»«]")
_SHEET_ERROR = re.compile(r"^#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|####*)$")


def code_problem(row: TableRow, index: int, *, column: str, sheet: str | None = None) -> RowProblem | None:
    """The error that makes a code unusable, or None.

    Parameters
    ----------
    index
        Index of the code's cell.
    sheet
        Named in the message where the table is a spreadsheet.
    """
    code = row.cells[index]
    where = f" in sheet '{sheet}'" if sheet else ""
    if not code:
        return _error(row, column, None, "empty-code", f"the code is empty{where}")
    if index in row.dates or _DATE.match(code):
        return _error(
            row, column, code, "date-code",
            f"'{code}'{where} is a date: a spreadsheet turned the code into it; type the code as text",
        )  # fmt: skip
    if index in row.rounded:
        return _error(
            row, column, code, "rounded-code",
            f"'{code}'{where} is a number of more than 15 digits: the spreadsheet lost the last ones; type it as text",
        )  # fmt: skip
    if _SCIENTIFIC.match(code):
        return _error(
            row, column, code, "scientific-code",
            f"'{code}'{where} is a number in scientific notation: a spreadsheet rounded the code; type it as text",
        )  # fmt: skip
    if _SHEET_ERROR.match(code):
        return _error(row, column, code, "formula-error", f"'{code}'{where} is a failed formula; type the code itself")
    if len(code) > LONGEST_CODE:
        return _error(
            row, column, visible(code[:40]) + "…", "long-code",
            f"the code has {len(code)} characters; at most {LONGEST_CODE} are stored: is it the right column?",
        )  # fmt: skip
    if _CONTROL.search(code) or "\n" in code or "\t" in code:
        return _error(
            row, column, visible(code), "control-character", "the code contains a line break or control character"
        )
    return None


def term_problem(row: TableRow, index: int, code: str, *, column: str) -> RowProblem | None:
    """The error that makes a term unusable, or None."""
    term = row.cells[index]
    if not term:
        return _error(row, column, code, "empty-term", "the term is empty")
    if len(term) > LONGEST_TERM:
        return _error(
            row, column, code, "long-term",
            f"the term has {len(term):,} characters; at most {LONGEST_TERM:,} are stored: is a quote not closed?",
        )  # fmt: skip
    if _SHEET_ERROR.match(term):
        return _error(row, column, code, "formula-error", f"'{term}' is a failed formula; type the term itself")
    return None


def text_warnings(line: int, column: str, code: str, text: str) -> Iterator[RowProblem]:
    """Warnings about a text that was read but looks damaged."""
    if text.isascii() and text.isprintable():
        return
    if "\ufffd" in text:
        yield _warning(
            line, column, code, "lost-character", "contains U+FFFD (�): a letter was lost before this file was saved"
        )
    if _MOJIBAKE.search(text):
        yield _warning(
            line, column, code, "mojibake", "letters look wrongly decoded (Ã¶ for ö): was the encoding guessed right?"
        )
    if _CONTROL.search(text):
        yield _warning(line, column, code, "control-character", "contains control characters; they were removed")


def clean_text(text: str) -> str:
    r"""Remove control characters and join lines: a term is one line.

    >>> clean_text("Kolera\r\n  ospec.\x00")
    'Kolera ospec.'
    """
    if text.isprintable() and "  " not in text:
        return text
    return " ".join(_CONTROL.sub("", text).split())


def visible(text: str) -> str:
    r"""Write control characters as escapes, for messages.

    >>> visible("Ä\n1")
    'Ä\\n1'
    """
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


class LeadingZeroWatch:
    """Finds numeric codes that are shorter than nearly all others: their leading zeros may be lost.

    Holds the shorter codes of at most 20 lines and a counter of lengths.
    """

    def __init__(self, column: str, sheet: str | None) -> None:
        self._column = column
        self._sheet = sheet
        self._lengths: Counter[int] = Counter()
        self._zero_seen = False
        self._zero_length_in_text = 0
        self._number_cells: list[tuple[int, str]] = []
        self._examples: dict[int, list[tuple[int, str]]] = {}

    def see(self, line: int, code: str, *, is_number_cell: bool = False) -> None:
        """Look at one code; `is_number_cell`: the spreadsheet holds it as a number, so that zeros would be gone."""
        if not code.isdigit():
            return
        if code[0] == "0" and not is_number_cell:
            self._zero_length_in_text = max(self._zero_length_in_text, len(code))
        if is_number_cell and len(self._number_cells) < 1000:
            self._number_cells.append((line, code))
        self._lengths[len(code)] += 1
        self._zero_seen = self._zero_seen or code[0] == "0"
        examples = self._examples.setdefault(len(code), [])
        if len(examples) < _MOST_EXAMPLES:
            examples.append((line, code))

    def warnings(self) -> Iterator[RowProblem]:
        """Warnings after the last row: nine in ten numeric codes have one length, none begins with 0, some are shorter."""
        yield from self._numbers_among_texts()
        total = sum(self._lengths.values())
        if total < 10 or self._zero_seen:
            return
        usual, count = self._lengths.most_common(1)[0]
        if count < 0.7 * total or usual < 2:
            return
        where = f" of sheet '{self._sheet}'" if self._sheet else ""
        for length in sorted(self._examples):
            if length >= usual:
                continue
            for line, code in self._examples[length]:
                yield _warning(
                    line, self._column, code, "leading-zero",
                    f"'{code}' has {length} digits where most codes{where} have {usual}: was it '{code.zfill(usual)}'?",
                )  # fmt: skip
            more = self._lengths[length] - len(self._examples[length])
            if more > 0:
                yield _warning(
                    None, self._column, None, "leading-zero", f"{more:,} more codes have {length} digits only"
                )

    def _numbers_among_texts(self) -> Iterator[RowProblem]:
        """Cells typed as numbers, shorter than codes that were typed as text and kept their zeros."""
        wanted = self._zero_length_in_text
        short = [(line, code) for line, code in self._number_cells if len(code) < wanted]
        for line, code in short[:_MOST_EXAMPLES]:
            yield _warning(
                line, self._column, code, "leading-zero",
                f"'{code}' in sheet '{self._sheet}' is a number where other codes are texts with leading zeros:"
                f" was it '{code.zfill(wanted)}'?",
            )  # fmt: skip


def _error(row: TableRow, column: str, code: str | None, rule: str, message: str) -> RowProblem:
    return RowProblem(row.line, column, code, "error", rule, message)


def _warning(line: int | None, column: str, code: str | None, rule: str, message: str) -> RowProblem:
    return RowProblem(line, column, code, "warning", rule, message)
