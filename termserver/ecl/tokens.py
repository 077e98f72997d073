"""The text of a constraint cut into tokens, each with its place. Comments and white space fall away."""

from __future__ import annotations

import re
from dataclasses import dataclass

from termserver.errors import BadInput

LONGEST_TEXT = 20_000

_TOKEN = re.compile(
    r"""(?P<space>\s+|/\*.*?\*/)
    |(?P<term>\|[^|]*\|)
    |(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<identifier>[A-Za-z][A-Za-z0-9-]*\#[A-Za-z0-9._-]+)
    |(?P<number>\#[+-]?\d+(?:\.\d+)?)
    |(?P<word>[A-Za-z][A-Za-z0-9_-]*)
    |(?P<digits>\d+)
    |(?P<sign><<!|<<|<!|<=|<|>>!|>>|>!|>=|>|!!>|!!<|!=|=|\^|\*|\{\{|\}\}|\{|\}|\[|\]|\(|\)|,|\.\.|\.|:|\+)
    """,
    re.VERBOSE | re.DOTALL,
)
_UNFINISHED = {
    '"': 'the string has no closing "',
    "|": "the term has no closing |",
    "/": "the comment has no closing */",
}


class EclError(BadInput):
    """A constraint that cannot be read or evaluated. `line` and `column` count from 1; 0 where no place is to blame."""

    def __init__(self, reason: str, text: str, offset: int | None = None) -> None:
        self.reason = reason
        self.line, self.column = place_of(text, offset) if offset is not None else (0, 0)
        where = f" at line {self.line}, column {self.column}" if self.line else ""
        super().__init__(
            f"Invalid ECL expression: '{text}': {reason}{where}", tx_issue="vs-invalid", message_id="INVALID_ECL"
        )


def place_of(text: str, offset: int) -> tuple[int, int]:
    r"""Line and column of an offset, both from 1.

    >>> place_of("<< 1\nAND x", 9)
    (2, 5)
    """
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text; `kind` is a group of the pattern, or `end`. `partner` is the token number of the `)` to a `(`."""

    kind: str
    text: str
    offset: int
    partner: int = -1

    @property
    def shown(self) -> str:
        """As messages name it."""
        return "the end" if self.kind == "end" else f"'{self.text}'"


def tokens_of(text: str) -> list[Token]:
    """Cut a constraint into tokens; the last is the end.

    Raises
    ------
    EclError
        Where a character begins no token, or the text is longer than `LONGEST_TEXT`.

    >>> [token.text for token in tokens_of("<<404684003|Finding|/* all */")]
    ['<<', '404684003', '|Finding|', '']
    """
    if len(text) > LONGEST_TEXT:
        raise EclError(f"it is longer than {LONGEST_TEXT:,} characters", text[:80] + "…")
    found: list[Token] = []
    open_brackets: list[int] = []
    offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            letter = text[offset]
            raise EclError(_UNFINISHED.get(letter, f"the character '{letter}' has no place in ECL"), text, offset)
        kind = match.lastgroup or ""
        if kind != "space":
            if match[0] == "(":
                open_brackets.append(len(found))
            elif match[0] == ")" and open_brackets:
                opening = open_brackets.pop()
                found[opening] = Token("sign", "(", found[opening].offset, len(found))
            found.append(Token(kind, match[0], offset))
        offset = match.end()
    found.append(Token("end", "", len(text)))
    return found
