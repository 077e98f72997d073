"""UCUM: units of measure as expressions over atoms.

The atoms come from `ucum-essence.xml`, which the package `ucumvert` keeps current; the grammar is UCUM's own (section 2),
with annotations that may hold spaces, as units in use do. The canonical form is the unit's dimension in base units:
`mL` and `[gal_us]` both have `m3`. Arbitrary units (`[iU]`) compare only with themselves (section 24).
Source: https://ucum.org/ucum, version 2.2.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from defusedxml.ElementTree import parse as parse_xml

from termserver.errors import BadInput, StoreError
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.coding import Coding, Designation
from termserver.model.value_set import Filter
from termserver.terminology.providers.grammar import GrammarContent, Listed

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MOST_CHARACTERS = 500
_DEEPEST = 50
_ANNOTATION = re.compile(r"\{[ -z|~]*\}")
_NUMBER = re.compile(r"[1-9][0-9]*")
_EXPONENT = re.compile(r"[+-]?[1-9][0-9]*")
_SYMBOL_END = re.compile(r"[./(){}]")


@dataclass(frozen=True, slots=True)
class Atom:
    """A unit atom: its name, whether prefixes may stand before it, and the expression that defines it.

    `definition` is None for base units and arbitrary units, which are dimensions of their own.
    """

    name: str
    metric: bool
    definition: str | None


@dataclass(frozen=True, slots=True)
class Essence:
    """UCUM's tables: atoms and prefixes by their case-sensitive code; prefixes give their names."""

    version: str
    atoms: dict[str, Atom]
    prefixes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Unit:
    """An expression that is a unit.

    Parameters
    ----------
    dimension
        (base unit, exponent), sorted, exponents other than 0.
    analysis
        The expression in words: `(milligram) / (deciliter)`.
    """

    dimension: tuple[tuple[str, int], ...]
    analysis: str

    @property
    def canonical(self) -> str:
        """The dimension as a UCUM expression, `1` without one.

        >>> Unit((("g", 1), ("m", -3)), "").canonical
        'g.m-3'
        """
        return ".".join(base if power == 1 else f"{base}{power}" for base, power in self.dimension) or "1"


class NotAUnit(ValueError):
    """The expression is no unit; the text says why and where (characters from 1)."""


@cache
def essence() -> Essence:
    """UCUM's tables; 0.05 s the first time."""
    spec = find_spec("ucumvert")
    if spec is None or not spec.submodule_search_locations:
        raise StoreError("UCUM's tables are not here: the package ucumvert is not installed")
    root = parse_xml(Path(spec.submodule_search_locations[0]) / "vendor" / "ucum-essence.xml").getroot()
    if root is None:
        raise StoreError("UCUM's tables are empty: install the package ucumvert again")
    atoms: dict[str, Atom] = {}
    prefixes: dict[str, str] = {}
    for element in root:
        code = element.get("Code", "")
        kind = element.tag.rpartition("}")[2]
        name = next((child.text or "" for child in element if child.tag.endswith("}name")), "")
        if kind == "prefix":
            prefixes[code] = name
        elif kind == "base-unit":
            atoms[code] = Atom(name, True, None)
        elif kind == "unit":
            definition = None if element.get("isArbitrary") == "yes" else _definition(element)
            atoms[code] = Atom(name, element.get("isMetric") == "yes", definition)
    return Essence(root.get("version", ""), atoms, prefixes)


def _definition(element: Element) -> str:
    """The unit that a unit is a multiple of; for special units (Cel, [pH]) the one inside the function."""
    for child in element.iter():
        if child.tag.endswith("}function"):
            return str(child.get("Unit"))
    return next(str(child.get("Unit")) for child in element if child.tag.endswith("}value"))


@lru_cache(maxsize=4_096)
def parse_unit(code: str) -> Unit:
    """Read a UCUM expression.

    Raises
    ------
    NotAUnit
        If it is none.

    >>> parse_unit("mg/dL").canonical, parse_unit("mg/dL").analysis
    ('g.m-3', '(milligram) / (deciliter)')
    """
    if len(code) > _MOST_CHARACTERS:
        raise NotAUnit(f"The expression has more than {_MOST_CHARACTERS} characters")
    reader = _Reader(code)
    dimension, analysis = reader.main_term(0)
    if reader.at < len(code):
        raise NotAUnit(f"Unexpected '{code[reader.at]}' at character {reader.at + 1}")
    return Unit(tuple(sorted((base, power) for base, power in dimension.items() if power)), analysis)


class _Reader:
    """Recursive descent over one expression; `at` is the next character."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.at = 0

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.code, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found.group()

    def _next(self) -> str:
        return self.code[self.at : self.at + 1]

    def main_term(self, depth: int) -> tuple[Counter[str], str]:
        """`/term` or `term`, from left to right: `a/b.c` is `(a/b).c`."""
        if depth > _DEEPEST:
            raise NotAUnit(f"More than {_DEEPEST} brackets in each other at character {self.at + 1}")
        total: Counter[str] = Counter()
        words: list[str] = []
        if self._next() == "/":
            self.at += 1
            words.append("/")
            sign = -1
        else:
            sign = 1
        while True:
            dimension, text = self._component(depth)
            for base, power in dimension.items():
                total[base] += sign * power
            words.append(text)
            operator = self._next()
            if operator not in (".", "/") or not operator:
                return total, " ".join(words)
            self.at += 1
            sign = -1 if operator == "/" else 1
            words.append("/" if operator == "/" else "*")

    def _component(self, depth: int) -> tuple[Counter[str], str]:
        start = self.at
        if self._next() == "(":
            self.at += 1
            dimension, text = self.main_term(depth + 1)
            if self._next() != ")":
                raise NotAUnit(f"The bracket at character {start + 1} is not closed")
            self.at += 1
            text = f"({text})"
        elif self._next() == "{":
            dimension, text = Counter(), "1"
            self._annotation(needed=True)
            return dimension, text
        elif factor := self._factor():
            dimension, text = Counter(), factor
        else:
            dimension, text = self._symbol()
        return dimension, text + (" * 1" if self._annotation() else "")

    def _factor(self) -> str:
        """A whole number; `10*` and `10^` are atoms, not factors."""
        if self.code.startswith(("10*", "10^"), self.at):
            return ""
        return self._take(_NUMBER)

    def _annotation(self, *, needed: bool = False) -> bool:
        start = self.at
        found = bool(self._take(_ANNOTATION))
        if (needed or self._next() == "{") and not found:
            raise NotAUnit(
                f"The annotation at character {start + 1} is not closed, or has characters that are not ASCII"
            )
        return found

    def _symbol(self) -> tuple[Counter[str], str]:
        start = self.at
        text = self._symbol_text()
        if not text:
            what = f"'{self._next()}'" if self._next() else "the end"
            raise NotAUnit(f"A unit is missing before {what} at character {start + 1}")
        for length in range(len(text), 0, -1):
            symbol = text[:length]
            power = _EXPONENT.fullmatch(text[length:]) if length < len(text) else None
            if length < len(text) and power is None:
                continue
            found = _resolved(symbol)
            if found is not None:
                self.at = start + len(text)
                exponent = int(text[length:]) if power else 1
                base, name = found
                words = f"({name})" if exponent == 1 else f"({name} ^ {exponent})"
                return Counter({unit: count * exponent for unit, count in base}), words
        raise NotAUnit(f"The unit '{text}' is unknown at character {start + 1}")

    def _symbol_text(self) -> str:
        """Up to the next operator or bracket; square brackets hold anything (`[m/s2/Hz^(1/2)]`)."""
        at = self.at
        while at < len(self.code) and not _SYMBOL_END.match(self.code, at):
            if self.code[at] == "[":
                closed = self.code.find("]", at)
                at = len(self.code) if closed < 0 else closed + 1
            else:
                at += 1
        return self.code[self.at : at]


@cache
def _resolved(symbol: str) -> tuple[tuple[tuple[str, int], ...], str] | None:
    """The dimension and the name of an atom, or of a prefix and a metric atom; None if it is neither."""
    tables = essence()
    atom = tables.atoms.get(symbol)
    if atom is not None:
        return _dimension_of(symbol), atom.name
    for length in (1, 2):
        prefix, rest = symbol[:length], symbol[length:]
        atom = tables.atoms.get(rest)
        if prefix in tables.prefixes and atom is not None and atom.metric:
            return _dimension_of(rest), tables.prefixes[prefix] + atom.name
    return None


@cache
def _dimension_of(symbol: str) -> tuple[tuple[str, int], ...]:
    definition = essence().atoms[symbol].definition
    return ((symbol, 1),) if definition is None else parse_unit(definition).dimension


# ------------------------------------------------------------------ as a code system

SYSTEM = "http://unitsofmeasure.org"
COMMON_UNITS = "http://hl7.org/fhir/ValueSet/ucum-common"
_PREFERRED = Coding("http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra", "preferredForLanguage")


def ucum(listed: Listed) -> GrammarContent:
    """UCUM as content of a code system; each unit has its own code as display and its analysis as a further name."""
    return GrammarContent(
        _header(),
        _concept,
        own_test=_canonical_test,
        reason=_why_not_canonical,
        fault=why_no_unit,
        listed=listed,
        listed_in=COMMON_UNITS,
    )


@cache
def _header() -> CodeSystem:
    return CodeSystem(
        SYSTEM,
        essence().version,
        "UCUM",
        title="Unified Code for Units of Measure (UCUM)",
        language="en",
        content="complete",
        publisher="Regenstrief Institute, Inc.",
        copyright="UCUM is Copyright © 1999-2024 Regenstrief Institute, Inc. and The UCUM Organization. All rights reserved.",
    )


@lru_cache(maxsize=4_096)
def _concept(code: str) -> Concept | None:
    try:
        unit = parse_unit(code)
    except NotAUnit:
        return None
    return Concept(code, code, designations=(Designation(unit.analysis, "en", _PREFERRED),))


def why_no_unit(code: str) -> str | None:
    """What is wrong with a code, for people; None if it is a unit."""
    try:
        parse_unit(code)
    except NotAUnit as fault:
        return f"Error processing unit '{code}': {fault}"
    return None


def _canonical_test(rule: Filter, place: str) -> Callable[[str], bool] | None:
    """The filter `canonical = unit`: units of the same dimension.

    Raises
    ------
    BadInput
        If the operator is another one, or the value is no unit.
    """
    if rule.property != "canonical":
        return None
    if rule.op != "=":
        raise BadInput(f"UCUM's filter 'canonical' has the operator =, not '{rule.op}'", expression=f"{place}.op")
    try:
        wanted = parse_unit(rule.value).dimension
    except NotAUnit as fault:
        raise BadInput(f"The filter's value '{rule.value}' is no unit: {fault}", expression=f"{place}.value") from None
    return lambda code: _concept(code) is not None and parse_unit(code).dimension == wanted


def _why_not_canonical(rule: Filter, code: str) -> str | None:
    """What a unit's canonical form is, where the filter wants another; None for any other filter.

    >>> _why_not_canonical(Filter("canonical", "=", "g"), "mL")
    'Code mL has canonical form m3, not g as required'
    """
    test = _canonical_test(rule, "filter")
    if test is None or test(code):
        return None
    try:
        return f"Code {code} has canonical form {parse_unit(code).canonical}, not {rule.value} as required"
    except NotAUnit:
        return None
