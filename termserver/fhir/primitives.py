"""FHIR's primitive types: their form, and decimals that keep their digits. Source: FHIR R4 and R5, datatypes."""

from __future__ import annotations

import re
from datetime import date

import orjson

from termserver.model.decimals import DecimalText

_DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]{1,9})?"
_ZONE = r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_FORMS = {
    "id": (r"[A-Za-z0-9\-.]{1,64}", "1 to 64 letters, digits, - and ."),
    "code": (r"[^\s]+( [^\s]+)*", "a code without blanks at its ends"),
    "uri": (r"\S+", "a URI without blanks"),
    "url": (r"\S+", "a URL without blanks"),
    "canonical": (r"\S+", "a canonical URL without blanks"),
    "oid": (r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+", "urn:oid: and numbers"),
    "uuid": (r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "urn:uuid: and a UUID in small letters"),
    "date": (rf"[0-9]{{4}}(-(0[1-9]|1[0-2]))?|{_DAY}", "YYYY, YYYY-MM or YYYY-MM-DD"),
    "dateTime": (
        rf"[0-9]{{4}}(-(0[1-9]|1[0-2]))?|{_DAY}(T{_CLOCK}{_ZONE})?",
        "YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz",
    ),
    "instant": (rf"{_DAY}T{_CLOCK}{_ZONE}", "YYYY-MM-DDThh:mm:ss+zz:zz"),
    "time": (_CLOCK, "hh:mm:ss"),
    "base64Binary": (r"(\s*([0-9a-zA-Z+/=]){4}\s*)+", "base64"),
    "integer64": (r"0|-?[1-9][0-9]{0,18}", "a whole number of 64 bits"),
}
_COMPILED = {kind: (re.compile(form), said) for kind, (form, said) in _FORMS.items()}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
WHOLE_NUMBERS = {"integer": -(2**31), "unsignedInt": 0, "positiveInt": 1}
_LONGEST_TEXT = 1024 * 1024


def plain_json(value: object) -> object:
    """`default` of `orjson.dumps`, for what it does not know by itself."""
    if isinstance(value, DecimalText):
        return orjson.Fragment(value.text)
    raise TypeError(f"{type(value).__name__} is no JSON")


def fault_of_primitive(value: object, kind: str) -> str | None:
    """What is wrong with a JSON value of that primitive type; None if it is right.

    >>> fault_of_primitive("2024-13", "date")
    "'2024-13' is no date (YYYY, YYYY-MM or YYYY-MM-DD)"
    """
    if kind == "boolean":
        return None if isinstance(value, bool) else f"must be true or false, not {_short(value)}"
    if kind == "decimal":
        right = isinstance(value, int | float) and not isinstance(value, bool)
        return None if right else f"must be a number, not {_short(value)}"
    if kind in WHOLE_NUMBERS:
        right = isinstance(value, int) and not isinstance(value, bool) and WHOLE_NUMBERS[kind] <= value < 2**31
        return (
            None if right else f"must be a whole number from {WHOLE_NUMBERS[kind]} to 2147483647, not {_short(value)}"
        )
    if not isinstance(value, str):
        return f"must be a string, not {_short(value)}"
    return _fault_of_text(value, kind)


def _fault_of_text(value: str, kind: str) -> str | None:
    if not value.strip():
        return "must not be empty"
    if len(value) > _LONGEST_TEXT:
        return f"is longer than {_LONGEST_TEXT} characters"
    if not value.isprintable() and _CONTROL.search(value):
        return "holds a control character"
    form = _COMPILED.get(kind)
    if form is not None and not form[0].fullmatch(value):
        return f"{_short(value)} is no {kind} ({form[1]})"
    if kind in ("date", "dateTime", "instant") and len(value) >= 10 and not _is_day(value[:10]):
        return f"{_short(value)} is no {kind}: the month has no such day"
    return None


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _short(value: object) -> str:
    if isinstance(value, list | dict):
        return "an array" if isinstance(value, list) else "an object"
    if value is None:
        return "null"
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "…'"


def primitive_from_text(text: str, kind: str) -> str | bool | int | float:
    """The JSON value of an XML attribute.

    Raises
    ------
    ValueError
        If a boolean or a number is none.

    >>> primitive_from_text("true", "boolean"), primitive_from_text("07", "string")
    (True, '07')
    """
    if kind == "boolean":
        if text not in ("true", "false"):
            raise ValueError(f"must be true or false, not {_short(text)}")
        return text == "true"
    if kind in WHOLE_NUMBERS:
        if not _INTEGER.fullmatch(text) or len(text) > 11:
            raise ValueError(f"must be a whole number, not {_short(text)}")
        return int(text)
    if kind == "decimal":
        if not _DECIMAL.fullmatch(text) or len(text) > 300:
            raise ValueError(f"must be a number, not {_short(text)}")
        return DecimalText(text)
    return text


def text_from_primitive(value: object) -> str:
    """The XML attribute of a JSON value.

    >>> text_from_primitive(True), text_from_primitive(DecimalText("1.50"))
    ('true', '1.50')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, DecimalText):
        return value.text
    return str(value)
