"""The form of an answer that is the same for many codes but for code and display, learnt from the engine's own answers.

Two answers are laid side by side: where both have their own code or display, any code or display may stand; all else must
be the same. A third answer tries the form. Where it does not fit it is learnt anew, and given up after a few attempts.
"""

from __future__ import annotations

_MOST_ATTEMPTS = 4
_PERCENT = ord("%")


class LearntForm:
    """See the module.

    >>> form = LearntForm()
    >>> for code, display in ((b"1", b"one"), (b"22", b"two"), (b"3", b"drei")):
    ...     form.learn(code, display, b'{"is":"%b (%b)"}' % (code, display))
    >>> form.is_ready, form.filled(b"4", b"four")
    (True, b'{"is":"4 (four)"}')
    """

    def __init__(self) -> None:
        self._first: tuple[bytes, bytes, bytes] | None = None
        self._pattern = b""
        self._places: tuple[int, ...] = ()
        self._learnt_from: set[bytes] = set()
        self._attempts = 0
        self.is_ready = False

    @property
    def is_hopeless(self) -> bool:
        """True if no form was found in several attempts."""
        return self._attempts >= _MOST_ATTEMPTS

    def filled(self, code: bytes, display: bytes) -> bytes:
        """The answer for this code; only where the form is ready.

        Parameters
        ----------
        code, display
            As they stand within a JSON string.
        """
        texts = (display, code)
        return self._pattern % tuple([texts[place] for place in self._places])

    def learn(self, own_code: bytes, own_display: bytes, answer: bytes) -> None:
        """Learn from, or try the form on, the engine's answer for one more code."""
        if self.is_ready or self.is_hopeless or own_code in own_display or own_code in self._learnt_from:
            return
        if self._pattern:
            self.is_ready = self.filled(own_code, own_display) == answer
            if not self.is_ready:
                self._forget()
        elif self._first is None:
            self._first = own_code, own_display, answer
        else:
            first_code, first_display, first_answer = self._first
            texts = (first_display, first_code), (own_display, own_code)
            found = _common_form(first_answer, answer, *texts)
            if found is None:
                self._forget()
            else:
                self._pattern, self._places = found
        self._learnt_from.add(own_code)

    def _forget(self) -> None:
        self._attempts += 1
        self._first, self._pattern, self._places = None, b"", ()


def _common_form(
    one: bytes, other: bytes, texts_of_one: tuple[bytes, bytes], texts_of_other: tuple[bytes, bytes]
) -> tuple[bytes, tuple[int, ...]] | None:
    """A pattern and which text stands at each of its places; None where the answers differ in more than their texts."""
    pattern = bytearray()
    places: list[int] = []
    at, beside = 0, 0
    while at < len(one):
        for kind, (mine, theirs) in enumerate(zip(texts_of_one, texts_of_other, strict=True)):
            if one.startswith(mine, at) and other.startswith(theirs, beside):
                pattern += b"%b"
                places.append(kind)
                at, beside = at + len(mine), beside + len(theirs)
                break
        else:
            if beside >= len(other) or one[at] != other[beside]:
                return None
            pattern += b"%%" if one[at] == _PERCENT else one[at : at + 1]
            at, beside = at + 1, beside + 1
    return (bytes(pattern), tuple(places)) if beside == len(other) else None
