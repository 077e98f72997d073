"""What costly constraints selected, kept for the next request: sets of concepts as packed bits, least recently used first out."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

# 45 kB each in an edition of 350,000 concepts
_MOST = 256


class KeptMasks:
    """Sets by the text that selects them, for one content version; threads may share it.

    >>> kept = KeptMasks()
    >>> kept.get_or_find("<< 1", lambda: np.array([True, False, True])).tolist()
    [True, False, True]
    >>> kept.get_or_find("<< 1", lambda: np.array([])).tolist()
    [True, False, True]
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._kept: OrderedDict[str, tuple[int, NDArray[np.uint8]]] = OrderedDict()
        self._lock = threading.Lock()

    def get_or_find(self, text: str, find: Callable[[], Mask]) -> Mask:
        """The set that a text selects; `find` computes it if it is not known. Two threads may compute the same one."""
        with self._lock:
            known = self._kept.get(text)
            if known is not None:
                self._kept.move_to_end(text)
        if known is not None:
            count, bits = known
            return np.unpackbits(bits, count=count).view(np.bool_)
        found = find()
        with self._lock:
            self._kept[text] = (len(found), np.packbits(found))
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found
