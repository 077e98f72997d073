"""Identity numbers of the eight countries: is this run of digits one, and of which country?

Each check answers for digits without separator. python-stdnum does the arithmetic where it covers a country; it refuses
Swedish coordination numbers (day + 60) and Danish replacement numbers, and has no Latvian person code.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from functools import lru_cache

_FINNISH_SIGNS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_NORWEGIAN_WEIGHTS = ((3, 7, 6, 1, 8, 9, 4, 5, 2, 1), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1))
_ICELANDIC_WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2, 1)
_BALTIC_WEIGHTS = ((1, 2, 3, 4, 5, 6, 7, 8, 9, 1), (3, 4, 5, 6, 7, 8, 9, 1, 2, 3))


def is_swedish(digits: str) -> bool:
    """Personnummer or samordningsnummer (day + 60), 10 or 12 digits, with its check digit.

    >>> is_swedish("8112189876"), is_swedish("198112789873"), is_swedish("8112189875")
    (True, True, False)
    """
    if len(digits) == 12 and digits[:2] not in {"18", "19", "20"}:
        return False
    short = digits[-10:]
    day = int(short[4:6])
    return len(digits) in {10, 12} and _is_day_of_year(day - 60 if day > 60 else day, int(short[2:4])) and _luhn(short)


def is_norwegian(digits: str) -> bool:
    """Fødselsnummer, D-number (day + 40), H-number (month + 40), both check digits.

    >>> is_norwegian("15108695088"), is_norwegian("15108695077")
    (True, False)
    """
    if len(digits) != 11:
        return False
    day, month = int(digits[:2]), int(digits[2:4])
    if not _is_day_of_year(day - 40 if day > 40 else day, month - 40 if month > 40 else month):
        return False
    numbers = [int(digit) for digit in digits]
    first = sum(weight * number for weight, number in zip(_NORWEGIAN_WEIGHTS[0], numbers, strict=False)) % 11
    second = sum(weight * number for weight, number in zip(_NORWEGIAN_WEIGHTS[1], numbers, strict=True)) % 11
    return first == 0 and second == 0


def is_danish(digits: str) -> bool:
    """CPR number or replacement number (day + 60). Since 2007 there is no check digit: only the date is judged.

    >>> is_danish("2110625629"), is_danish("3113625629")
    (True, False)
    """
    if len(digits) != 10:
        return False
    day = int(digits[:2])
    return _is_day_of_year(day - 60 if day > 60 else day, int(digits[2:4]))


def is_icelandic(digits: str) -> bool:
    """Kennitala of a person: check digit and century (8, 9, 0). Those of companies (day + 40) are public.

    >>> is_icelandic("1201743399"), is_icelandic("1201743389")
    (True, False)
    """
    if len(digits) != 10 or digits[9] not in "890" or not _is_day_of_year(int(digits[:2]), int(digits[2:4])):
        return False
    return sum(weight * int(digit) for weight, digit in zip(_ICELANDIC_WEIGHTS, digits, strict=False)) % 11 == 0


def is_finnish(text: str) -> bool:
    """Henkilötunnus, 11 characters with its sign of the century (+ - Y X W V U A B C D E F) and check sign.

    >>> is_finnish("131052-308T"), is_finnish("131052A308S")
    (True, False)
    """
    upper = text.upper()
    if not re.fullmatch(r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]", upper):
        return False
    if not _is_day_of_year(int(upper[:2]), int(upper[2:4])):
        return False
    return _FINNISH_SIGNS[int(upper[:6] + upper[7:10]) % 31] == upper[10]


def is_estonian_or_lithuanian(digits: str) -> bool:
    """Isikukood and asmens kodas: one form (G YYMMDD SSS C) with one checksum.

    >>> is_estonian_or_lithuanian("36805280109"), is_estonian_or_lithuanian("36805280108")
    (True, False)
    """
    if len(digits) != 11 or digits[0] not in "12345678" or not _is_day_of_year(int(digits[5:7]), int(digits[3:5])):
        return False
    for weights in _BALTIC_WEIGHTS:
        remainder = sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=False)) % 11
        if remainder < 10:
            return remainder == int(digits[10])
    return digits[10] == "0"


def is_latvian(digits: str) -> bool:
    """Personas kods: the old form DDMMYY C NNNN (century digit 0 to 2), or the new one that begins with 32 to 39.

    The old form once had a check digit, the new has none: only date and century are judged.

    >>> is_latvian("16117519997"), is_latvian("32123412345"), is_latvian("99117519997")
    (True, True, False)
    """
    if len(digits) != 11:
        return False
    if "32" <= digits[:2] <= "39":
        return True
    return digits[6] in "012" and _is_day_of_year(int(digits[:2]), int(digits[2:4]))


def is_snomed_identifier(digits: str) -> bool:
    """A SNOMED CT identifier: partition and Verhoeff check digit. Such a number is a code, not a person.

    >>> is_snomed_identifier("22298006"), is_snomed_identifier("22298007")
    (True, False)
    """
    if not 6 <= len(digits) <= 18 or digits[-3:-1] not in {"00", "01", "02", "10", "11", "12"}:
        return False
    from stdnum import verhoeff

    return bool(verhoeff.is_valid(digits))


# Ten and eleven digits are read in this order: checksums before mere dates.
CHECKED_TEN: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("kennitala", "IS", is_icelandic),
    ("personnummer", "SE", is_swedish),
)
CHECKED_ELEVEN: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("fødselsnummer", "NO", is_norwegian),
    ("isikukood / asmens kodas", "EE/LT", is_estonian_or_lithuanian),
)


def _luhn(digits: str) -> bool:
    from stdnum import luhn

    return bool(luhn.is_valid(digits))


@lru_cache(maxsize=4096)
def _is_day_of_year(day: int, month: int) -> bool:
    try:
        datetime.date(2000, month, day)
    except ValueError:
        return False
    return True
