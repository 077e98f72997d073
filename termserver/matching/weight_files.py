"""Reading the `.npz` files of the weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from termserver.errors import MatchingError


def read_arrays(path: Path, names: Sequence[str], *, what: str) -> dict[str, NDArray[Any]]:
    """All arrays of a file that must have some of them.

    Parameters
    ----------
    what
        What the file holds, for the message.

    Raises
    ------
    MatchingError
        If the file is missing, damaged or lacks one of `names`.
    """
    try:
        with np.load(path) as stored:
            arrays = {name: stored[name] for name in stored.files}
        missing = [name for name in names if name not in arrays]
        if missing:
            raise KeyError(", ".join(missing))
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise MatchingError(
            f"{path}: no {what} here ({error}); make what is missing with `termserver train`"
        ) from error
    return arrays
