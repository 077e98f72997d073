"""The sets of weights that a deployment has: the shipped one, and those it trained from its own decisions or titles.

Sets lie below the data folder, each in a folder of its own; the file `in-use` names the one that serves. Nothing is overwritten:
switching writes one line, and switching back writes another.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from termserver.errors import BadInput, MatchingError
from termserver.matching.attributes import AttributeModel
from termserver.matching.calibration import Calibration
from termserver.matching.own_model import WEIGHTS, OwnModel
from termserver.matching.pivot import Pivot
from termserver.matching.ranker import Ranker

SHIPPED = "shipped"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,60}")
_IN_USE = "in-use"


class WeightSets:
    """The sets below one folder.

    Parameters
    ----------
    folder
        Need not exist as long as only the shipped set is used.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """The shipped set, then the deployment's own by name."""
        made = self._folder.iterdir() if self._folder.is_dir() else ()
        return [SHIPPED, *sorted(path.name for path in made if _NAME.fullmatch(path.name) and _is_whole(path))]

    def in_use(self) -> str:
        """The set that serves; the shipped one where none was chosen, or the chosen one is gone."""
        try:
            name = (self._folder / _IN_USE).read_text(encoding="utf-8").strip()
        except OSError:
            return SHIPPED
        return name if _NAME.fullmatch(name) and _is_whole(self._folder / name) else SHIPPED

    def folder(self, name: str | None = None) -> Path:
        """Where a set lies; the one in use without a name.

        Raises
        ------
        BadInput
            If there is no such set.
        """
        name = name or self.in_use()
        if name == SHIPPED:
            return WEIGHTS
        if not _NAME.fullmatch(name) or not _is_whole(self._folder / name):
            raise BadInput(f"there are no weights called '{name[:60]}'; there are: {', '.join(self.names())}")
        return self._folder / name

    def use(self, name: str) -> None:
        """Let a set serve from the next question on.

        Raises
        ------
        BadInput
            If there is no such set.
        """
        self.folder(name)
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self._folder, delete=False, encoding="utf-8") as stream:
            stream.write(name + "\n")
        Path(stream.name).replace(self._folder / _IN_USE)

    def add(self, name: str, write: Callable[[Path], None], *, like: str | None = None) -> Path:
        """Make a set: what `write` puts into the folder, and the other parts as in the set `like` (the one in use).

        Raises
        ------
        BadInput
            If the name is taken or not of small letters, digits, `.` and `-`.
        """
        if not _NAME.fullmatch(name) or name in (SHIPPED, _IN_USE):
            raise BadInput(f"'{name[:60]}' is no name for weights: small letters, digits, '.' and '-', at most 61")
        target = self._folder / name
        if target.exists():
            raise BadInput(f"there are weights called '{name}' already; choose another --name")
        base = self.folder(like)
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=".making-") as work:
            made = Path(work) / "set"
            made.mkdir()
            for part in parts():
                shutil.copyfile(base / part, made / part)
            write(made)
            if not _is_whole(made):
                raise MatchingError(f"{made}: the new weights are not whole")
            made.rename(target)
        return target


def own_model_mark(weights: Path) -> str:
    """Eight hexadecimal digits that differ between own models; a saved engine belongs to one own model."""
    path = weights / "own_scales.npy"
    return _mark(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _mark(path: Path, _changed_ns: int) -> str:
    """Of a file as it was last changed."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def parts() -> list[str]:
    """Names of the files that a set has: those of the shipped one."""
    return sorted(path.name for path in WEIGHTS.glob("*.np[yz]"))


def _is_whole(folder: Path) -> bool:
    """Whether all parts are there, in the form that this version reads: one of an earlier version does not serve."""
    files = [folder / part for part in parts()]
    return all(file.is_file() for file in files) and _serves(folder, tuple(file.stat().st_mtime_ns for file in files))


@lru_cache(maxsize=16)
def _serves(folder: Path, _changed_ns: tuple[int, ...]) -> bool:
    """Of files as they were last changed."""
    try:
        Calibration.load(folder / "calibration.npz")
        Pivot.load(folder / "pivot.npz")
        Ranker.load(folder / "ranker.npz")
        AttributeModel.load(folder / "attributes.npz")
    except MatchingError:
        return False
    return OwnModel.serves(folder)
