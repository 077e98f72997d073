r"""Regular expressions that cannot hang the server: RE2 matches in time linear in the text, whatever the pattern.

Filters come from clients, and Python's `re` takes exponential time on patterns like `(a+)+$`. RE2 has no back-references
and no look-around, and bounds what a pattern may cost; a pattern beyond that is refused. As FHIR says, the whole text must
match. Source: https://github.com/google/re2/wiki/Syntax; FHIR R5 ValueSet filter operator regex.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import re2
from numpy.typing import NDArray

from termserver.errors import BadInput

_LONGEST_PATTERN = 1_000
_MOST_MEMORY_BYTES = 8 * 1024 * 1024


class Regex:
    r"""A compiled pattern.

    Raises
    ------
    BadInput
        If the pattern is wrong, needs what RE2 does not have, or is too large.

    >>> Regex("[A-Z][0-9]{2}(\\.[0-9])?").matches("I21.9")
    True
    >>> Regex("(a+)+").matches("a" * 50 + "b")
    False
    """

    def __init__(self, pattern: str) -> None:
        if len(pattern) > _LONGEST_PATTERN:
            raise BadInput(f"Regular expression longer than {_LONGEST_PATTERN} characters", tx_issue="vs-invalid")
        options = re2.Options()
        options.log_errors = False
        options.max_mem = _MOST_MEMORY_BYTES
        options.never_capture = True
        try:
            self._compiled = re2.compile(pattern, options)
        except re2.error as problem:
            reason = problem.args[0]
            told = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
            raise BadInput(f"Regular expression '{pattern}': {told}", tx_issue="vs-invalid") from None

    def matches(self, text: str) -> bool:
        """True if the whole text matches."""
        return self._compiled.fullmatch(text) is not None

    def matches_each(self, texts: Sequence[bytes]) -> NDArray[np.bool_]:
        """Shape (len(texts),): True where a whole text, in UTF-8, matches."""
        fullmatch = self._compiled.fullmatch
        return np.fromiter((fullmatch(text) is not None for text in texts), dtype=np.bool_, count=len(texts))
