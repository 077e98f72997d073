"""Units of laboratory rows and of names that end with one, as NPU definitions do: `P—Glucose; subst.c. = ? mmol/L`.

Two definitions of NPU that differ in their unit are two tests: `arb.num.c. = ? × 10³ IU/L` counts copies, `arb.c. = ?` says
whether there are any.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from termserver.matching.normalise.common import fold

_NAMED = re.compile(r"=\s*\?\s*(.*)$")
_POWER = re.compile(r"^[x×*]?10(?:\*\*|[*^e])?(-?[0-9]+)")
_UNIT_COLUMNS = ("unit", "enh", "yksik", "uhik", "ühik", "vienet", "mervien", "mērvien", "eining")
_SPELLED = {
    "pde": "pdu",  # prosedyredefinert enhet, procedure defined unit
    "prosent": "%",
    "protsent": "%",
    "procent": "%",
    "t": "h",  # timer, timmar, tuntia
}
_LONGEST = 40


def is_unit_column(column: str) -> bool:
    """Whether a context column is called a unit in one of the languages.

    >>> is_unit_column("Enhet"), is_unit_column("system_nb")
    (True, False)
    """
    return any(part in column.lower() for part in _UNIT_COLUMNS)


@lru_cache(maxsize=4_000)
def canonical_unit(text: str) -> str:
    """A unit in one spelling: powers of ten, international units, micro, blanks.

    >>> canonical_unit("x 10E3 IU/L"), canonical_unit("× 10<sup>3</sup> IU/L"), canonical_unit("kIE/l")
    ('10e3iu/l', '10e3iu/l', '10e3iu/l')
    >>> canonical_unit("x 10E-3"), canonical_unit("× 10<sup>-3</sup>")
    ('10e-3', '10e-3')
    >>> canonical_unit("µmol/L"), canonical_unit("umol/l"), canonical_unit("p.d.e."), canonical_unit("(p.d.u.)")
    ('umol/l', 'umol/l', 'pdu', 'pdu')
    """
    unit = fold(text.replace("<sup>", "").replace("</sup>", "")).replace("μ", "u").replace("µ", "u")
    unit = re.sub(r"[\s()]|\.(?![0-9])", "", unit.replace(",", ".").replace("−", "-"))
    unit = re.sub(r"\bie\b", "iu", unit)
    unit = re.sub(r"^k(i[ue]|u)\b", lambda found: f"10e3{found[1].replace('ie', 'iu')}", unit)
    unit = _POWER.sub(r"10e\1", unit)
    return _SPELLED.get(unit, unit)[:_LONGEST]


def unit_of_row(context: Mapping[str, str]) -> str:
    """The unit that a row's context names; an empty text for none.

    >>> unit_of_row({"system": "Plasma", "unit": "x 10E9/L"}), unit_of_row({"system": "Plasma"})
    ('10e9/l', '')
    """
    return next((canonical_unit(value) for column, value in context.items() if value and is_unit_column(column)), "")


@lru_cache(maxsize=20_000)
def unit_of_name(name: str) -> str | None:
    """The unit of a name that says what is asked, `= ?`: empty where it has none; None for other names.

    >>> unit_of_name("P—Glucose; subst.c. = ? mmol/L"), unit_of_name("P—Titin antibody; arb.c. = ?"), unit_of_name("Glucose")
    ('mmol/l', '', None)
    """
    found = _NAMED.search(name)
    return canonical_unit(found[1]) if found else None
