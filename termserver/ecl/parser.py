"""Text → tree, by recursive descent along the grammar of ECL 2.2 (brief syntax, and the words of the long syntax).

Source: SNOMED CT Expression Constraint Language 2.2, chapter 5.
"""

from __future__ import annotations

from termserver.ecl.cursor import Cursor
from termserver.ecl.filter_parser import FilterParser
from termserver.ecl.search_terms import begins_search_terms, parse_search_terms
from termserver.ecl.syntax_tree import (
    OPERATORS,
    AlternateIdentifier,
    Attribute,
    AttributeGroup,
    Cardinality,
    Compound,
    ConceptReference,
    Constraint,
    Dotted,
    MemberOf,
    NumberValue,
    Operation,
    Refined,
    Refinement,
    RefinementSet,
    SearchTerms,
    Wildcard,
)

_LONG_OPERATORS = {
    "descendantof": "<",
    "descendantorselfof": "<<",
    "childof": "<!",
    "childorselfof": "<<!",
    "ancestorof": ">",
    "ancestororselfof": ">>",
    "parentof": ">!",
    "parentorselfof": ">>!",
    "top": "!!>",
    "bottom": "!!<",
}
_SHORTEST_CODE, _LONGEST_CODE = 6, 18
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_FOCUS = "a concept identifier, '*', '^', '(' or a constraint operator"


def parse(text: str) -> Constraint:
    """Read an expression constraint.

    Raises
    ------
    EclError
        With line, column and what was expected, if the text is no constraint, is longer than `tokens.LONGEST_TEXT`, or
        nests deeper than `cursor.DEEPEST`.

    >>> parse("<< 404684003 |Clinical finding|")
    Operation(operator='<<', operand=ConceptReference(code='404684003', term='Clinical finding'))
    """
    cursor = Cursor(text)
    found = _Parser(cursor).constraint()
    if cursor.token.kind != "end":
        cursor.fail("an operator (AND, OR, MINUS, ':', '.', '{{') or the end")
    return found


def parse_concept_reference(cursor: Cursor) -> ConceptReference:
    """`404684003 |Clinical finding|`."""
    token = cursor.token
    code = cursor.need_kind("digits", "a concept identifier")
    if not _SHORTEST_CODE <= len(code) <= _LONGEST_CODE or code.startswith("0"):
        cursor.fail_because(f"'{code}' is no SNOMED CT identifier: those have 6 to 18 digits, the first not 0", token)
    return ConceptReference(code, parse_term(cursor))


def parse_term(cursor: Cursor) -> str | None:
    """`|Clinical finding|`, if there is one."""
    return cursor.take().text.strip("|").strip() if cursor.token.kind == "term" else None


class _Parser:
    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._filters = FilterParser(cursor, self.operand, parse_concept_reference)

    # -------------------------------------------------------------- constraints

    def constraint(self) -> Constraint:
        first = self.operand()
        if self._cursor.skip(":"):
            with self._cursor.deeper():
                return Refined(first, self._refinement(in_group=False))
        if self._cursor.is_sign("."):
            return self._dotted(first)
        operator = self._compound_operator()
        if operator is None:
            return first
        operands = [first]
        while (found := self._compound_operator()) is not None:
            if found != operator or (operator == "MINUS" and len(operands) > 1):
                self._cursor.fail_because(f"{operator} and {found} stand side by side; group them with brackets")
            self._cursor.take()
            operands.append(self.operand())
        return Compound(operator, tuple(operands))

    def _compound_operator(self) -> str | None:
        if self._cursor.is_word("and", "or", "minus"):
            return self._cursor.token.text.upper()
        return "AND" if self._cursor.is_sign(",") else None

    def _dotted(self, focus: Constraint) -> Dotted:
        attributes = []
        while self._cursor.skip("."):
            attributes.append(self.operand())
        return Dotted(focus, tuple(attributes))

    def operand(self) -> Constraint:
        """ECL's subExpressionConstraint."""
        operator = self._operator()
        found = self._member_of() if self._begins_member_of() else self._focus()
        if operator is not None:
            found = Operation(operator, found)
        return self._filters.filtered(found)

    def _operator(self) -> str | None:
        if self._cursor.is_sign(*OPERATORS):
            return self._cursor.take().text
        if self._cursor.is_word(*_LONG_OPERATORS):
            return _LONG_OPERATORS[self._cursor.take().text.lower()]
        return None

    def _begins_member_of(self) -> bool:
        return self._cursor.is_sign("^") or self._cursor.is_word("memberof")

    def _member_of(self) -> MemberOf:
        self._cursor.take()
        fields: list[str] = []
        if self._cursor.skip("["):
            if self._cursor.skip("*"):
                fields.append("*")
            else:
                fields.append(self._cursor.need_kind("word", "a column of the reference set, or '*'"))
                while self._cursor.skip(","):
                    fields.append(self._cursor.need_kind("word", "a column of the reference set"))
            self._cursor.need("]")
        return MemberOf(self._focus(), tuple(fields), self._filters.member_filters())

    def _focus(self) -> Constraint:
        cursor = self._cursor
        if cursor.is_sign("("):
            with cursor.deeper():
                cursor.take()
                found = self.constraint()
                cursor.need(")")
                return found
        if cursor.skip("*", "any"):
            return Wildcard()
        if cursor.token.kind in ("identifier", "string"):
            return self._alternate_identifier()
        if cursor.token.kind != "digits":
            cursor.fail(_FOCUS)
        return parse_concept_reference(cursor)

    def _alternate_identifier(self) -> AlternateIdentifier:
        token = self._cursor.take()
        scheme, mark, code = token.text.strip('"').partition("#")
        if not (mark and scheme and code):
            self._cursor.fail_because('an identifier of another scheme is written SCHEME#code or "SCHEME#code"', token)
        return AlternateIdentifier(scheme, code, parse_term(self._cursor))

    # -------------------------------------------------------------- refinements

    def _refinement(self, *, in_group: bool) -> Refinement:
        first = self._refinement_part(in_group=in_group)
        operator = self._refinement_operator()
        if operator is None:
            return first
        parts = [first]
        while (found := self._refinement_operator()) is not None:
            if found != operator:
                self._cursor.fail_because(f"{operator} and {found} stand side by side; group them with brackets")
            self._cursor.take()
            parts.append(self._refinement_part(in_group=in_group))
        return RefinementSet(operator, tuple(parts))

    def _refinement_operator(self) -> str | None:
        if self._cursor.is_sign(","):
            return "AND"
        return self._cursor.token.text.upper() if self._cursor.is_word("and", "or") else None

    def _refinement_part(self, *, in_group: bool) -> Refinement:
        cursor = self._cursor
        if cursor.is_sign("(") and not self._is_attribute_name():
            with cursor.deeper():
                cursor.take()
                found = self._refinement(in_group=in_group)
                cursor.need(")")
                return found
        cardinality = self._cardinality()
        if cursor.is_sign("{"):
            if in_group:
                cursor.fail("an attribute: a group cannot stand in a group")
            return self._group(cardinality)
        return self._attribute(cardinality)

    def _is_attribute_name(self) -> bool:
        """A bracket opens an attribute's name if a comparison (or the name's filter) follows where it closes."""
        following = self._cursor.after_bracket()
        return following.kind == "sign" and following.text in (*_COMPARISONS, "{{")

    def _group(self, cardinality: Cardinality | None) -> AttributeGroup:
        with self._cursor.deeper():
            self._cursor.need("{")
            attributes = self._refinement(in_group=True)
            self._cursor.need("}")
        return AttributeGroup(attributes, cardinality)

    def _cardinality(self) -> Cardinality | None:
        cursor = self._cursor
        if not cursor.is_sign("["):
            return None
        opening = cursor.take()
        least = int(cursor.need_kind("digits", "the least number of times")[:9])
        if not cursor.skip("to"):
            cursor.need("..")
        most: int | None = None
        if not cursor.skip("*", "many"):
            most = int(cursor.need_kind("digits", "the greatest number of times, or '*'")[:9])
        cursor.need("]")
        if most is not None and most < least:
            cursor.fail_because(f"the cardinality [{least}..{most}] ends before it begins", opening)
        return Cardinality(least, most)

    def _attribute(self, cardinality: Cardinality | None) -> Attribute:
        reverse = self._cursor.skip("r", "reverseof")
        name = self.operand()
        comparison = self._cursor.need(*_COMPARISONS)
        return Attribute(name, comparison, self._attribute_value(comparison), cardinality, reverse)

    def _attribute_value(self, comparison: str) -> Constraint | NumberValue | SearchTerms | bool:
        cursor = self._cursor
        if cursor.token.kind == "number":
            return NumberValue(cursor.take().text[1:])
        if comparison not in ("=", "!="):
            cursor.fail("a number (#5)")
        if cursor.is_word("true", "false"):
            return cursor.take().text.lower() == "true"
        if begins_search_terms(cursor):
            return parse_search_terms(cursor)
        return self.operand()
