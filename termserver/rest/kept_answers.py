"""Answers kept in memory: as long as the content they were made of is what is served."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

# A question (a query of up to 1,000 bytes) and its place in a dict
_BYTES_AN_ENTRY = 1_000
# Questions that came once, as numbers: some 4 MB
_MOST_ASKED = 50_000


class KeptAnswers:
    """Answers of one catalogue revision within a budget of bytes, the least recently used leaving first.

    An answer is kept when its question comes for the second time: most come once, and would push out those that do not.

    >>> kept = KeptAnswers(10_000)
    >>> kept.put(1, "question", b"answer")
    >>> kept.get(1, "question")
    >>> kept.put(1, "question", b"answer")
    >>> kept.get(1, "question"), kept.get(2, "question")
    (b'answer', None)
    """

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self._answers: OrderedDict[Hashable, bytes] = OrderedDict()
        self._asked: set[int] = set()
        self._revision = -1
        self._bytes = 0

    def get(self, revision: int, question: Hashable) -> bytes | None:
        """The answer, if it is kept."""
        self._begin(revision)
        body = self._answers.get(question)
        if body is not None:
            self._answers.move_to_end(question)
        return body

    def put(self, revision: int, question: Hashable, body: bytes) -> None:
        """Keep an answer whose question came before; others leave until the budget holds."""
        self._begin(revision)
        mark = hash(question)
        if mark not in self._asked:
            if len(self._asked) >= _MOST_ASKED:
                self._asked.clear()
            self._asked.add(mark)
            return
        replaced = self._answers.pop(question, None)
        if replaced is not None:
            self._bytes -= len(replaced) + _BYTES_AN_ENTRY
        self._answers[question] = body
        self._bytes += len(body) + _BYTES_AN_ENTRY
        while self._bytes > self._budget_bytes:
            _, gone = self._answers.popitem(last=False)
            self._bytes -= len(gone) + _BYTES_AN_ENTRY

    def _begin(self, revision: int) -> None:
        """Forget what was answered at another revision."""
        if revision != self._revision:
            self._answers.clear()
            self._asked.clear()
            self._bytes, self._revision = 0, revision
