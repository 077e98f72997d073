"""Find personal data in a code list before it is stored: identity numbers, e-mail addresses, phone numbers.

Rule (REVIEW_UI.md): written with its separator, or with an identity word nearby → block; bare digits that pass a checksum
→ warn. Denmark and Latvia have no usable checksum: their bare digits alone say nothing. The value itself never leaves
this module, only its mask. Frequencies are not scanned.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from termserver.loaders.identity_numbers import (
    CHECKED_ELEVEN,
    CHECKED_TEN,
    is_danish,
    is_finnish,
    is_latvian,
    is_snomed_identifier,
    is_swedish,
)
from termserver.model.source_list import RowProblem, SourceRow

BLOCK, WARN = "block", "warn"
RULE = "personal-id"

# One pass over a text decides whether anything in it deserves a closer look: an @, or six digits with at most one
# separator between them.
_WORTH_A_LOOK = re.compile(r"@|(?:\d[ \-+./–]?){5}\d")
_NUMBER = re.compile(
    r"(?<![\w.,/-])(?:"
    r"(?P<finnish>\d{6}[-+A-FU-Ya-fu-y]\d{3}[0-9A-Ya-y])"
    r"|(?P<separated>\d{6}(?:\d\d)?[-+–]\d{4,5}|\d{6} \d{5})"
    r"|(?P<replacement>\d{6}-[A-Z][A-Z0-9]{2,3}\d?)"
    r"|(?P<bare>\d{10,12})"
    r")(?![\w]|[-./,]\d)"
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,24}(?![\w])")
_PHONE = re.compile(r"(?<![\w.,/+-])(?P<plus>\+|00(?=[347]))?(?P<number>\d(?:[ \-–]?\d){6,13})(?![\w]|[-.,/]\d)")
_NORDIC_PREFIX = ("45", "46", "47", "354", "358", "370", "371", "372")
_ID_WORD = re.compile(
    r"(?<![^\W_])(?:person(?:al)?[-_ ]?n(?:umme)?r|personnummer|pers\.?nr|pnr|samordningsn(?:umme)?r|personbeteckning"
    r"|fødsels?n(?:umme)?r|fodselsn(?:umme)?r|fnr|d-nummer|dnr|cpr(?:[-_ ]?n(?:umme)?r)?|kennitala|kennitölu|kt"
    r"|henkilötunnus|henkilotunnus|hetu|sotu|isikukood|isikukoodi|personas[-_ ]kods?|personas[-_ ]kodu|asmens[-_ ]kod(?:as|o)"
    r"|a\.\s?k|p\.\s?k|ssn|national[-_ ]id|patient[-_ ]?id|person[-_ ]?id)(?![^\W_])",
    re.IGNORECASE,
)
_PHONE_WORD = re.compile(
    r"(?<![^\W_])(?:tel|tlf|tfn|telefon\w*|puh|puhelin\w*|gsm|mob|mobil\w*|sími|símanúmer|gsími|tālr\w*|mobilais|mobilieji"
    r"|phone|tālrunis|telefonas)(?![^\W_])",
    re.IGNORECASE,
)
_NEARBY = 30
_MOST_PROBLEMS = 1000
# Among codes of one column that all look like digits, this share passes a check by chance; above it they are persons.
_CHANCE_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class PersonalIdFinding:
    """One finding in a text.

    Parameters
    ----------
    kind
        `personnummer`, `fødselsnummer`, `CPR number`, `kennitala`, `henkilötunnus`, `isikukood / asmens kodas`,
        `personas kods`, `e-mail address` or `phone number`.
    country
        `SE`, `NO`, `DK`, `IS`, `FI`, `EE/LT`, `LV`; empty for e-mail and phone.
    severity
        `block` or `warn`.
    masked
        The value with all but its first two characters hidden.
    start, end
        Offsets in the text.
    is_bare
        True: digits without separator or identity word, found by the checksum only.
    """

    kind: str
    country: str
    severity: str
    masked: str
    start: int
    end: int
    is_bare: bool = False


def scan_text(text: str, *, column_name: str = "") -> list[PersonalIdFinding]:
    """Find personal data in one text.

    Parameters
    ----------
    column_name
        Name of the text's column: an identity word there counts as nearby.

    >>> [(found.country, found.severity, found.masked) for found in scan_text("pat 131052-308T, ny")]
    [('FI', 'block', '13••••-••••')]
    >>> scan_text("22298006 hjärtinfarkt I21.9, 2160-0, NPU19651")
    []
    """
    if not _WORTH_A_LOOK.search(text):
        return []
    found: list[PersonalIdFinding] = []
    if "@" in text:
        found.extend(
            PersonalIdFinding("e-mail address", "", BLOCK, mask(match[0]), *match.span())
            for match in _EMAIL.finditer(text)
        )
    for match in _NUMBER.finditer(text):
        finding = _judge_number(match, text, column_name)
        if finding is not None:
            found.append(finding)
    found.extend(_phones(text, column_name, taken=[(one.start, one.end) for one in found]))
    return sorted(found, key=lambda one: one.start)


def scan_rows(rows: Iterable[SourceRow]) -> list[RowProblem]:
    """Find personal data in codes, terms, synonyms and context of rows; frequencies are not scanned.

    Bare digits are reported only where more of a column's numbers pass than chance explains, so that a list with
    eleven-digit codes does not flood. At most 1,000 problems are listed; a last one counts the rest.

    Returns
    -------
    `error` for what blocks, `warning` for the rest; rule `personal-id`; messages and codes hold masked values only.
    """
    certain: list[RowProblem] = []
    bare: defaultdict[str, list[RowProblem]] = defaultdict(list)
    long_numbers: Counter[str] = Counter()
    for row in rows:
        for column, text in _texts(row):
            if not _WORTH_A_LOOK.search(text):
                continue
            if text.isdigit() and 10 <= len(text) <= 12:
                long_numbers[column] += 1
            for finding in scan_text(text, column_name=column):
                problem = _problem(row, column, finding)
                (bare[column] if finding.is_bare else certain).append(problem)
    for column, problems in bare.items():
        if len(problems) > _CHANCE_SHARE * long_numbers[column] or long_numbers[column] <= 5:
            certain.extend(problems)
    certain.sort(key=lambda problem: (problem.severity != "error", problem.line or 0))
    if len(certain) > _MOST_PROBLEMS:
        rest = len(certain) - _MOST_PROBLEMS
        certain[_MOST_PROBLEMS:] = [
            RowProblem(None, None, None, certain[0].severity, RULE, f"{rest:,} more findings like these are not listed")
        ]
    return certain


def mask(value: str) -> str:
    """Hide all letters and digits but the first two; separators stay.

    >>> mask("811218-9876"), mask("anna@example.org")
    ('81••••-••••', 'an••@•••••••.•••')
    """
    return value[:2] + "".join("•" if character.isalnum() else character for character in value[2:])


def _texts(row: SourceRow) -> Iterator[tuple[str, str]]:
    yield "code", row.code
    yield "term", row.term
    yield from row.context.items()
    for other in row.other_terms:
        yield "other term", other.value


def _problem(row: SourceRow, column: str, finding: PersonalIdFinding) -> RowProblem:
    of_country = f" ({finding.country})" if finding.country else ""
    how = "looks like" if finding.is_bare else "is written as"
    code = mask(row.code) if scan_text(row.code) else row.code
    return RowProblem(
        row.line,
        column,
        code,
        "error" if finding.severity == BLOCK else "warning",
        RULE,
        f"{finding.masked} {how} a {finding.kind}{of_country}; remove it: a code list holds no data of persons",
    )


def _judge_number(match: re.Match[str], text: str, column_name: str) -> PersonalIdFinding | None:
    value = match[0]
    has_word = _word_is_near(_ID_WORD, text, match, column_name)
    if match["finnish"] and is_finnish(value):
        return PersonalIdFinding("henkilötunnus", "FI", BLOCK, mask(value), *match.span())
    if match["separated"] or (match["finnish"] and value[6] in "-+" and value[-1].isdigit()):
        digits = re.sub(r"\D", "", value)
        kind = _kind_of_digits(digits, dates_count=True)
        return PersonalIdFinding(*kind, BLOCK, mask(value), *match.span()) if kind else None
    if match["replacement"]:
        is_person = has_word and is_danish(value[:6] + "0000")
        return PersonalIdFinding("CPR number", "DK", BLOCK, mask(value), *match.span()) if is_person else None
    if match["bare"]:
        if not has_word and is_snomed_identifier(value):
            return None
        kind = _kind_of_digits(value, dates_count=has_word)
        severity = BLOCK if has_word else WARN
        return PersonalIdFinding(*kind, severity, mask(value), *match.span(), is_bare=not has_word) if kind else None
    return None


def _kind_of_digits(digits: str, *, dates_count: bool) -> tuple[str, str] | None:
    """Kind and country of digits; `dates_count`: forms without checksum (DK, LV) count too."""
    if len(digits) == 12:
        return ("personnummer", "SE") if is_swedish(digits) else None
    for kind, country, check in CHECKED_TEN if len(digits) == 10 else CHECKED_ELEVEN:
        if check(digits):
            return kind, country
    if dates_count and len(digits) == 10 and is_danish(digits):
        return "CPR number", "DK"
    if dates_count and len(digits) == 11 and is_latvian(digits):
        return "personas kods", "LV"
    return None


def _phones(text: str, column_name: str, *, taken: list[tuple[int, int]]) -> Iterator[PersonalIdFinding]:
    for match in _PHONE.finditer(text):
        if any(match.start() < end and start < match.end() for start, end in taken):
            continue
        digits = re.sub(r"\D", "", match["number"])
        has_prefix = match["plus"] == "+" and digits.startswith(_NORDIC_PREFIX)
        if has_prefix or _word_is_near(_PHONE_WORD, text, match, column_name):
            yield PersonalIdFinding("phone number", "", BLOCK, mask(match[0]), *match.span())


def _word_is_near(word: re.Pattern[str], text: str, match: re.Match[str], column_name: str) -> bool:
    before = text[max(0, match.start() - _NEARBY) : match.start()]
    after = text[match.end() : match.end() + _NEARBY]
    return bool(word.search(before) or word.search(after) or (column_name and word.search(column_name)))
