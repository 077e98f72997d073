"""A place in a list of tokens, and the small questions that parsers ask there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from termserver.ecl.tokens import EclError, Token, tokens_of

DEEPEST = 60


class Cursor:
    """Moves over the tokens of one constraint, once, forwards."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens_of(text)
        self._place = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The token here."""
        return self.tokens[self._place]

    def ahead(self, steps: int = 1) -> Token:
        """The token some steps further, at most the end."""
        return self.tokens[min(self._place + steps, len(self.tokens) - 1)]

    def take(self) -> Token:
        """The token here; the cursor moves on, but not beyond the end."""
        token = self.token
        self._place = min(self._place + 1, len(self.tokens) - 1)
        return token

    def is_sign(self, *signs: str) -> bool:
        """True if one of these signs stands here."""
        return self.token.kind == "sign" and self.token.text in signs

    def is_word(self, *words: str) -> bool:
        """True if one of these words, given in lower case, stands here in any case."""
        return self.token.kind == "word" and self.token.text.lower() in words

    def skip(self, *texts: str) -> bool:
        """Move over one of these signs or words (lower case) if it is here."""
        here = self.is_sign(*texts) or self.is_word(*texts)
        if here:
            self.take()
        return here

    def need(self, *signs: str) -> str:
        """Take one of these signs.

        Raises
        ------
        EclError
            If another token stands here.
        """
        if not self.is_sign(*signs):
            self.fail(" or ".join(f"'{sign}'" for sign in signs))
        return self.take().text

    def need_kind(self, kind: str, expected: str) -> str:
        """Take a token of a kind; `expected` says what was wanted, for the message."""
        if self.token.kind != kind:
            self.fail(expected)
        return self.take().text

    def fail(self, expected: str) -> NoReturn:
        """Say what was expected here, and what was found."""
        raise EclError(f"expected {expected}, found {self.token.shown}", self.text, self.token.offset)

    def fail_because(self, reason: str, token: Token | None = None) -> NoReturn:
        """Say what is wrong here."""
        raise EclError(reason, self.text, (token or self.token).offset)

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """One level of nesting; the levels are bounded, so that no text can exhaust the stack."""
        if self._depth >= DEEPEST:
            self.fail_because(f"brackets are nested more than {DEEPEST} deep")
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def after_bracket(self) -> Token:
        """The token behind the bracket that closes the one opened here."""
        closing = self.token.partner
        return self.tokens[-1] if closing < 0 else self.tokens[closing + 1]
