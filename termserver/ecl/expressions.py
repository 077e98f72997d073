"""Post-coordinated expressions: SNOMED CT compositional grammar, text → tree and back.

Source: SNOMED CT Compositional Grammar 2.4, chapter 5. The texts of mistakes are those that clients know from other
servers: `… at character n`, counted from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from termserver.ecl.cursor import Cursor
from termserver.ecl.tokens import EclError


class ExpressionError(ValueError):
    """A text that is no expression; the message says why."""


@dataclass(frozen=True, slots=True)
class Expression:
    """Focus concepts and what refines them.

    Parameters
    ----------
    groups
        Role groups in order, the ungrouped attributes first in a group of number 0 of their own; see `AttributeValues`.
    is_equivalent
        False for `<<<`: the expression says less than what is meant.
    """

    focus: tuple[str, ...]
    groups: tuple[AttributeValues, ...] = ()
    is_equivalent: bool = True

    @property
    def is_concept(self) -> bool:
        """True if it is nothing but a concept."""
        return len(self.focus) == 1 and not self.groups and self.is_equivalent


@dataclass(frozen=True, slots=True)
class AttributeValues:
    """Attributes that belong together.

    Parameters
    ----------
    is_group
        True if they stand in braces.
    attributes
        Pairs (attribute, value).
    """

    is_group: bool
    attributes: tuple[tuple[str, ExpressionValue], ...]


@dataclass(frozen=True, slots=True)
class ConcreteValue:
    """A number, a text or a truth value; `text` as RF2 has it without its mark, `written` as the expression has it."""

    text: str
    written: str


ExpressionValue = str | Expression | ConcreteValue
"""A concept's identifier, a nested expression or a concrete value."""


def looks_like_expression(code: str) -> bool:
    """True if a code is more than an identifier, so that it may be an expression.

    >>> looks_like_expression("22298006"), looks_like_expression("22298006:363698007=80891009")
    (False, True)
    """
    return not (code.isascii() and code.isdigit())


def parse_expression(text: str) -> Expression:
    """Read an expression.

    Raises
    ------
    ExpressionError
        If the text is none.

    >>> parse_expression("22298006 |Myocardial infarction| : 363698007 = 80891009").focus
    ('22298006',)
    """
    try:
        return _Parser(text).whole()
    except EclError as error:
        raise ExpressionError(f"{error.reason} at character {error.column}") from None


def codes_in(expression: Expression) -> Iterator[str]:
    """All concepts that an expression names, in order."""
    yield from expression.focus
    for group in expression.groups:
        for name, value in group.attributes:
            yield name
            if isinstance(value, Expression):
                yield from codes_in(value)
            elif isinstance(value, str):
                yield value


def print_expression(expression: Expression, term_of: Callable[[str], str | None]) -> str:
    """The expression with the terms of its concepts, without spaces.

    Parameters
    ----------
    term_of
        The term of a concept, or None.
    """

    def concept(code: str) -> str:
        term = term_of(code)
        return code if term is None else f"{code}|{term}|"

    def value_text(value: ExpressionValue) -> str:
        if isinstance(value, Expression):
            return f"({print_expression(value, term_of)})"
        return value.written if isinstance(value, ConcreteValue) else concept(value)

    def group_text(group: AttributeValues) -> str:
        text = ",".join(f"{concept(name)}={value_text(value)}" for name, value in group.attributes)
        return f"{{{text}}}" if group.is_group else text

    status = "" if expression.is_equivalent else "<<<"
    focus = "+".join(concept(code) for code in expression.focus)
    refinement = ",".join(group_text(group) for group in expression.groups)
    return f"{status}{focus}:{refinement}" if refinement else f"{status}{focus}"


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._cursor = Cursor(text)

    def whole(self) -> Expression:
        is_equivalent = self._definition_status()
        found = self._expression(is_equivalent=is_equivalent)
        token = self._cursor.token
        if token.kind != "end":
            self._fail(f'Found content ("{token.text[:1]}") after end of expression')
        return found

    def _definition_status(self) -> bool:
        cursor = self._cursor
        if cursor.is_sign("<<"):
            cursor.take()
            self._need("<")
            return False
        if cursor.is_sign("="):
            for _ in range(3):
                self._need("=")
        return True

    def _expression(self, *, is_equivalent: bool = True) -> Expression:
        focus = [self._concept()]
        while self._cursor.skip("+"):
            focus.append(self._concept())
        groups: list[AttributeValues] = []
        if self._cursor.skip(":"):
            groups.append(self._attributes())
            while self._cursor.skip(",") or self._cursor.is_sign("{"):
                groups.append(self._attributes())
        return Expression(tuple(focus), tuple(groups), is_equivalent)

    def _attributes(self) -> AttributeValues:
        is_group = self._cursor.skip("{")
        attributes = [self._attribute()]
        while self._cursor.is_sign(",") and self._cursor.ahead().text != "{":
            self._cursor.take()
            attributes.append(self._attribute())
        if is_group:
            self._need("}")
        return AttributeValues(is_group, tuple(attributes))

    def _attribute(self) -> tuple[str, ExpressionValue]:
        name = self._concept()
        self._need("=")
        return name, self._value()

    def _value(self) -> ExpressionValue:
        cursor, token = self._cursor, self._cursor.token
        if cursor.is_sign("("):
            with cursor.deeper():
                cursor.take()
                found = self._expression()
                self._need(")")
            return found.focus[0] if found.is_concept else found
        if token.kind == "number":
            return ConcreteValue(token.text[1:], cursor.take().text)
        if token.kind == "string":
            return ConcreteValue(token.text[1:-1], cursor.take().text)
        if cursor.is_word("true", "false"):
            return ConcreteValue(token.text.lower(), cursor.take().text)
        return self._concept()

    def _concept(self) -> str:
        token = self._cursor.token
        if token.kind != "digits" or len(token.text) > 18:
            self._fail(f'Concept not found (next char = "{token.text[:1]}", in "{self._text}")')
        self._cursor.take()
        if self._cursor.token.kind == "term":
            self._cursor.take()
        return token.text

    def _need(self, sign: str) -> None:
        if not self._cursor.skip(sign):
            self._fail(f'Expected character "{sign}" not found')

    def _fail(self, reason: str) -> NoReturn:
        self._cursor.fail_because(reason)
