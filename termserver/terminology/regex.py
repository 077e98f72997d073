r"""Regular expressions that cannot hang the server: matching time is linear in the text, whatever the pattern.

Filters come from clients, and Python's `re` takes exponential time on patterns like `(a+)+$`. This is Thompson's
construction: the pattern becomes a small automaton of which all states are followed at once. It knows literals, `.`,
classes, `\d \w \s`, groups, `|`, `* + ? {m,n}` and anchors at the ends; a pattern with more (back-references,
look-around) is refused. As FHIR says, the whole text must match. Source: R. Cox, "Regular Expression Matching Can Be
Simple And Fast", 2007; FHIR R5 ValueSet filter operator regex.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from termserver.errors import BadInput

_MOST_STATES = 5_000
_LONGEST_PATTERN = 1_000
_DEEPEST_GROUPS = 50
Test = Callable[[str], bool]


@dataclass(slots=True)
class _State:
    """`test` None with `out` follows without reading; `out` empty is the end."""

    test: Test | None
    out: list[int]


class Regex:
    r"""A compiled pattern.

    >>> Regex("[A-Z][0-9]{2}(\\.[0-9])?").matches("I21.9")
    True
    >>> Regex("(a+)+").matches("a" * 50 + "b")
    False
    """

    def __init__(self, pattern: str) -> None:
        if len(pattern) > _LONGEST_PATTERN:
            raise BadInput(f"Regular expression longer than {_LONGEST_PATTERN} characters")
        self._states: list[_State] = []
        self._pattern = pattern
        self._at = 0
        self._depth = 0
        if self._pattern.startswith("^"):
            self._at = 1
        start, ends = self._alternatives()
        if self._at != len(pattern):
            raise self._error("unexpected ')'")
        self._end = self._new(None)
        self._join(ends, self._end)
        self._start = start

    def matches(self, text: str) -> bool:
        """True if the whole text matches."""
        current = self._closure({self._start})
        for letter in text:
            following = set()
            for place in current:
                state = self._states[place]
                if state.test is not None and state.test(letter):
                    following.update(state.out)
            if not following:
                return False
            current = self._closure(following)
        return self._end in current

    def _closure(self, places: set[int]) -> set[int]:
        waiting, seen = list(places), set(places)
        while waiting:
            state = self._states[waiting.pop()]
            if state.test is None:
                for place in state.out:
                    if place not in seen:
                        seen.add(place)
                        waiting.append(place)
        return seen

    # -------------------------------------------------------------- construction

    def _new(self, test: Test | None, *out: int) -> int:
        if len(self._states) >= _MOST_STATES:
            raise BadInput(f"Regular expression '{self._pattern}' is too large")
        self._states.append(_State(test, list(out)))
        return len(self._states) - 1

    def _join(self, ends: list[int], target: int) -> None:
        for end in ends:
            self._states[end].out.append(target)

    def _error(self, what: str) -> BadInput:
        return BadInput(f"Regular expression '{self._pattern}': {what} at character {self._at + 1}")

    def _peek(self) -> str:
        return self._pattern[self._at] if self._at < len(self._pattern) else ""

    def _alternatives(self) -> tuple[int, list[int]]:
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        if len(branches) == 1:
            return branches[0]
        start = self._new(None, *(branch[0] for branch in branches))
        return start, [end for _, ends in branches for end in ends]

    def _sequence(self) -> tuple[int, list[int]]:
        start = self._new(None)
        ends = [start]
        while self._peek() not in ("", "|", ")"):
            if self._peek() == "$" and self._at + 1 == len(self._pattern):
                self._at += 1
                break
            first, last = self._repeated()
            self._join(ends, first)
            ends = last
        return start, ends

    def _repeated(self) -> tuple[int, list[int]]:
        begin = self._at
        first, ends = self._atom()
        stop = self._at
        least, most = self._quantifier()
        if (least, most) == (1, 1):
            return first, ends
        copies = [(first, ends)]
        for _ in range(max(least, most or 1) - 1):
            after = self._at
            self._at = begin
            copies.append(self._atom())
            if self._at != stop:
                raise self._error("cannot be repeated")
            self._at = after
        return self._chain(copies, least, most)

    def _chain(self, copies: list[tuple[int, list[int]]], least: int, most: int | None) -> tuple[int, list[int]]:
        start = self._new(None)
        ends, skips = [start], []
        for place, (first, last) in enumerate(copies):
            if most == 0:
                break
            gate = self._new(None, first)
            self._join(ends, gate)
            if place >= least:
                skips.append(gate)
            ends = last
        if most is None:
            loop = self._new(None, copies[-1][0])
            self._join(ends, loop)
            ends = [loop]
        return start, ends + skips

    def _quantifier(self) -> tuple[int, int | None]:
        sign = self._peek()
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if sign in simple and sign:
            self._at += 1
            found = simple[sign]
        elif sign == "{":
            found = self._counts()
        else:
            return 1, 1
        if self._peek() == "?":
            self._at += 1  # lazy or greedy: the same texts match
        return found

    def _counts(self) -> tuple[int, int | None]:
        close = self._pattern.find("}", self._at)
        least, comma, most = self._pattern[self._at + 1 : max(close, 0)].partition(",")
        if close < 0 or not least.isdecimal() or (most and not most.isdecimal()) or len(least) > 4 or len(most) > 4:
            raise self._error("a repetition is {n}, {n,} or {n,m}")
        self._at = close + 1
        upper = int(least) if not comma else int(most) if most else None
        if upper is not None and upper < int(least):
            raise self._error("a repetition has its numbers in the wrong order")
        return int(least), upper

    def _atom(self) -> tuple[int, list[int]]:
        letter = self._peek()
        if letter == "(":
            return self._group()
        if letter == "[":
            test = self._class()
        elif letter == "\\":
            test = self._escape()
        elif letter == ".":
            self._at += 1
            test = _anything
        elif letter in "*+?{":
            raise self._error(f"nothing before '{letter}' to repeat")
        elif letter in "^$":
            raise self._error(f"'{letter}' inside the pattern is not supported")
        else:
            self._at += 1
            test = letter.__eq__
        place = self._new(test)
        return place, [place]

    def _group(self) -> tuple[int, list[int]]:
        self._at += 1
        if self._pattern.startswith("?:", self._at):
            self._at += 2
        elif self._peek() == "?":
            raise self._error("look-around and named groups are not supported")
        self._depth += 1
        if self._depth > _DEEPEST_GROUPS:
            raise self._error("groups nest too deep")
        found = self._alternatives()
        self._depth -= 1
        if self._peek() != ")":
            raise self._error("a group is not closed")
        self._at += 1
        return found

    def _escape(self) -> Test:
        letter = self._pattern[self._at + 1 : self._at + 2]
        self._at += 2
        if not letter:
            raise self._error("nothing after '\\'")
        known = _ESCAPES.get(letter)
        if known is not None:
            return known
        if letter.isalnum():
            raise self._error(f"'\\{letter}' is not supported")
        return letter.__eq__

    def _class(self) -> Test:
        self._at += 1
        negated = self._peek() == "^"
        self._at += negated
        tests: list[Test] = []
        begin = self._at
        while self._peek() != "]" or self._at == begin:
            if not self._peek():
                raise self._error("a class is not closed")
            tests.append(self._class_item())
        self._at += 1
        return lambda letter: any(test(letter) for test in tests) != negated

    def _class_item(self) -> Test:
        if self._peek() == "\\":
            test = self._escape()
            low = self._pattern[self._at - 1]
            if low in _ESCAPES:
                return test
        else:
            low = self._peek()
            self._at += 1
        if self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("", "]"):
            self._at += 1
            if self._peek() == "\\":
                self._at += 1
            high = self._peek()
            self._at += 1
            if high < low:
                raise self._error("a range has its ends in the wrong order")
            return lambda letter: low <= letter <= high
        return low.__eq__


def _anything(_letter: str) -> bool:
    return True


def _is_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


_ESCAPES: dict[str, Test] = {
    "d": str.isdigit,
    "D": lambda letter: not letter.isdigit(),
    "w": _is_word,
    "W": lambda letter: not _is_word(letter),
    "s": str.isspace,
    "S": lambda letter: not letter.isspace(),
    "t": "\t".__eq__,
    "n": "\n".__eq__,
    "r": "\r".__eq__,
    "f": "\f".__eq__,
    "v": "\v".__eq__,
}
