"""The filters of a constraint: `{{ D … }}`, `{{ C … }}`, `{{ M … }}`, `{{ + HISTORY }}`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from termserver.ecl.cursor import Cursor
from termserver.ecl.search_terms import begins_search_terms, parse_search_terms
from termserver.ecl.syntax_tree import (
    BooleanFilter,
    ConceptFilter,
    ConceptFilters,
    ConceptReference,
    ConceptSet,
    ConceptValueFilter,
    Constraint,
    DescriptionFilter,
    DescriptionFilters,
    Dialect,
    DialectFilter,
    Filtered,
    MemberFilter,
    MemberFilters,
    NumberFilter,
    NumberValue,
    TermFilter,
    TextFilter,
    TimeFilter,
    WithHistory,
    WordFilter,
)

T = TypeVar("T")
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_EQUALITY = ("=", "!=")
_TYPES = {
    "syn": "syn", "synonym": "syn", "fsn": "fsn", "fullyspecifiedname": "fsn", "def": "def", "definition": "def",
}  # fmt: skip
_STATUSES = {"primitive": "primitive", "defined": "defined"}
_ACCEPTABILITY = {"accept": "accept", "acceptable": "accept", "prefer": "prefer", "preferred": "prefer"}
_PROFILES = ("MIN", "MOD", "MAX")
_DAY_LENGTH = 8


class FilterParser:
    """Parses filters where the cursor stands.

    Parameters
    ----------
    operand, concept
        Parse a subexpression constraint, and a concept reference.
    """

    def __init__(
        self,
        cursor: Cursor,
        operand: Callable[[], Constraint],
        concept: Callable[[Cursor], ConceptReference],
    ) -> None:
        self._cursor = cursor
        self._operand = operand
        self._concept = concept

    # -------------------------------------------------------------- the braces

    def member_filters(self) -> tuple[MemberFilters, ...]:
        """`{{ M … }}` as often as it comes."""
        found = []
        while self._kind() == "m":
            self._open(marked=True)
            found.append(MemberFilters(tuple(self._listed(self._member_filter))))
        return tuple(found)

    def filtered(self, operand: Constraint) -> Constraint:
        """The operand with the description and concept filters, and the history supplement, that follow it."""
        filters: list[DescriptionFilters | ConceptFilters] = []
        while (kind := self._kind()) in ("d", "c", ""):
            self._open(marked=bool(kind))
            if kind == "c":
                filters.append(ConceptFilters(tuple(self._listed(self._concept_filter))))
            else:
                filters.append(DescriptionFilters(tuple(self._listed(self._description_filter))))
        found = Filtered(operand, tuple(filters)) if filters else operand
        if self._kind() == "+":
            found = self._history(found)
        if self._kind() == "m":
            self._cursor.fail_because("{{ M … }} stands directly behind '^' and its reference set")
        if self._kind() is not None:
            self._cursor.fail_because("no filter can follow the history supplement")
        return found

    def _kind(self) -> str | None:
        """`d`, `c`, `m`, `+`, `` (a description filter without its letter); None where no filter is."""
        if not self._cursor.is_sign("{{"):
            return None
        following = self._cursor.ahead()
        mark = following.text.lower()
        return mark if mark in ("d", "c", "m", "+") else ""

    def _open(self, *, marked: bool) -> None:
        self._cursor.take()
        if marked:
            self._cursor.take()

    def _listed(self, one: Callable[[], T]) -> list[T]:
        with self._cursor.deeper():
            found = [one()]
            while self._cursor.skip(","):
                found.append(one())
            self._cursor.need("}}")
        return found

    def _history(self, operand: Constraint) -> WithHistory:
        self._open(marked=True)
        token = self._cursor.token
        word = self._cursor.need_kind("word", "HISTORY").upper().replace("_", "-")
        keyword, _, profile = word.partition("-")
        if keyword != "HISTORY" or (profile and profile not in _PROFILES):
            self._cursor.fail_because(f"'{word}' is no history supplement: HISTORY, HISTORY-MIN, -MOD, -MAX", token)
        subset = self._operand() if not profile and self._cursor.is_sign("(") else None
        self._cursor.need("}}")
        return WithHistory(operand, profile or None, subset)

    # -------------------------------------------------------------- one filter

    def _description_filter(self) -> DescriptionFilter:
        field = self._field("term, language, type, typeId, dialect, dialectId, moduleId, effectiveTime, active or id")
        match field.lower():
            case "term":
                return TermFilter(self._cursor.need(*_EQUALITY), parse_search_terms(self._cursor))
            case "language":
                return self._words("language", None, "a language code of two letters")
            case "type":
                return self._words("type", _TYPES, "syn, fsn or def")
            case "typeid":
                return self._concept_value("typeId")
            case "dialect" | "dialectid":
                return self._dialect(by_alias=field.lower() == "dialect")
            case "id":
                return self._numbers("id")
            case _:
                return self._common(field)

    def _concept_filter(self) -> ConceptFilter:
        field = self._field("definitionStatus, definitionStatusId, moduleId, effectiveTime or active")
        match field.lower():
            case "definitionstatus":
                return self._words("definitionStatus", _STATUSES, "primitive or defined")
            case "definitionstatusid":
                return self._concept_value("definitionStatusId")
            case _:
                return self._common(field)

    def _common(self, field: str) -> ConceptValueFilter | TimeFilter | BooleanFilter:
        match field.lower():
            case "moduleid":
                return self._concept_value("moduleId")
            case "effectivetime":
                return self._days("effectiveTime", self._cursor.need(*_COMPARISONS))
            case "active":
                return self._active()
            case _:
                return self._cursor.fail_because(f"there is no filter '{field}' here")

    def _member_filter(self) -> MemberFilter:
        field = self._field("moduleId, effectiveTime, active or a column of the reference set")
        if field.lower() in ("moduleid", "effectivetime", "active"):
            return self._common(field)
        cursor = self._cursor
        comparison = cursor.need(*_COMPARISONS)
        if cursor.token.kind == "number":
            return NumberFilter(field, comparison, NumberValue(cursor.take().text[1:]))
        if self._begins_days() and comparison not in _EQUALITY:
            return self._days(field, comparison)
        if comparison not in _EQUALITY:
            cursor.fail('a number (#5) or a day ("20250131")')
        if cursor.is_word("true", "false"):
            return BooleanFilter(field, comparison, cursor.take().text.lower() == "true")
        if begins_search_terms(cursor):
            return TextFilter(field, comparison, parse_search_terms(cursor))
        return ConceptValueFilter(field, comparison, self._concepts())

    def _field(self, expected: str) -> str:
        return self._cursor.need_kind("word", expected)

    # -------------------------------------------------------------- their values

    def _words(self, field: str, known: dict[str, str] | None, expected: str) -> WordFilter:
        comparison = self._cursor.need(*_EQUALITY)
        is_set = self._cursor.skip("(")
        words = [self._word(known, expected)]
        while is_set and not self._cursor.is_sign(")"):
            words.append(self._word(known, expected))
        if is_set:
            self._cursor.take()
        return WordFilter(field, comparison, tuple(words), is_set)

    def _word(self, known: dict[str, str] | None, expected: str) -> str:
        token = self._cursor.token
        word = self._cursor.need_kind("word", expected).lower()
        if known is None:
            if len(word) != 2:
                self._cursor.fail_because(f"expected {expected}, found {token.shown}", token)
            return word
        if word not in known:
            self._cursor.fail_because(f"expected {expected}, found {token.shown}", token)
        return known[word]

    def _numbers(self, field: str) -> WordFilter:
        comparison = self._cursor.need(*_EQUALITY)
        is_set = self._cursor.skip("(")
        numbers = [self._cursor.need_kind("digits", "a description identifier")]
        while is_set and not self._cursor.is_sign(")"):
            numbers.append(self._cursor.need_kind("digits", "a description identifier"))
        if is_set:
            self._cursor.take()
        return WordFilter(field, comparison, tuple(numbers), is_set)

    def _concept_value(self, field: str) -> ConceptValueFilter:
        return ConceptValueFilter(field, self._cursor.need(*_EQUALITY), self._concepts())

    def _concepts(self) -> Constraint | ConceptSet:
        return self._concept_set() if self._begins_concept_set() else self._operand()

    def _begins_concept_set(self) -> bool:
        if not (self._cursor.is_sign("(") and self._cursor.ahead().kind == "digits"):
            return False
        second = self._cursor.ahead(3 if self._cursor.ahead(2).kind == "term" else 2)
        return second.kind == "digits" or second.text == "("

    def _concept_set(self) -> ConceptSet:
        self._cursor.take()
        concepts = []
        while not self._cursor.is_sign(")"):
            concepts.append(self._concept(self._cursor))
        self._cursor.take()
        return ConceptSet(tuple(concepts))

    def _dialect(self, *, by_alias: bool) -> DialectFilter:
        comparison = self._cursor.need(*_EQUALITY)
        is_set = self._cursor.is_sign("(") if by_alias else self._begins_concept_set()
        if not is_set:
            dialect = Dialect(self._dialect_name() if by_alias else self._operand())
            return DialectFilter(comparison, (dialect,), self._acceptability())
        self._cursor.take()
        dialects = []
        while not self._cursor.is_sign(")"):
            name: str | Constraint = self._dialect_name() if by_alias else self._concept(self._cursor)
            dialects.append(Dialect(name, self._acceptability()))
        self._cursor.take()
        return DialectFilter(comparison, tuple(dialects), self._acceptability(), is_set=True)

    def _dialect_name(self) -> str:
        return self._cursor.need_kind("word", "a dialect alias such as en-gb").lower()

    def _acceptability(self) -> tuple[str, ...]:
        """`(accept prefer)`, if it is here: words, or the concepts' identifiers."""
        if not self._cursor.is_sign("("):
            return ()
        self._cursor.take()
        found: list[str] = []
        while not self._cursor.is_sign(")"):
            if self._cursor.token.kind == "digits":
                found.append(self._concept(self._cursor).code)
            else:
                found.append(self._word(_ACCEPTABILITY, "prefer, accept or a concept identifier"))
        self._cursor.take()
        if not found:
            self._cursor.fail("prefer, accept or a concept identifier")
        return tuple(found)

    def _begins_days(self) -> bool:
        token = self._cursor.ahead() if self._cursor.is_sign("(") else self._cursor.token
        return token.kind == "string"

    def _days(self, field: str, comparison: str) -> TimeFilter:
        is_set = self._cursor.skip("(")
        days = [self._day()]
        while is_set and not self._cursor.is_sign(")"):
            days.append(self._day())
        if is_set:
            self._cursor.take()
        return TimeFilter(field, comparison, tuple(days), is_set)

    def _day(self) -> str:
        token = self._cursor.token
        day = self._cursor.need_kind("string", 'a day written "YYYYMMDD"').strip('"').strip()
        if len(day) != _DAY_LENGTH or not day.isascii() or not day.isdigit():
            self._cursor.fail_because(f'a day is written "YYYYMMDD", not {token.text}', token)
        return day

    def _active(self) -> BooleanFilter:
        comparison = self._cursor.need(*_EQUALITY)
        token = self._cursor.take()
        if token.text.lower() not in ("true", "false", "1", "0"):
            self._cursor.fail_because(f"expected true, false, 1 or 0, found {token.shown}", token)
        return BooleanFilter("active", comparison, token.text.lower() in ("true", "1"))
