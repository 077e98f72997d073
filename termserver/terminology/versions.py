"""Which version is meant: one table of rules in one module.

Content is asked for by url with a version that is exact (`2.0.1`), partial (`2.0` means the newest `2.0.…`),
a pattern (`2.x.x`, `2.*`), or not at all (the newest). The newest is the largest by natural order of its parts.
Source: HL7's terminology ecosystem IG, version resolution; FHIR R5 canonical references.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
_PART = re.compile(r"\d+|[^\d.\-_+/|]+")
_WILD = {"x", "X", "*"}


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts versions by natural order: numbers as numbers, a pre-release before its release.

    >>> sorted(["10.0", "9.1", "9.1-beta"], key=version_key)
    ['9.1-beta', '9.1', '10.0']
    """
    release, _, label = version.partition("-")
    if label and release.isdigit() and len(release) == 4:
        release, label = version, ""  # a date: its dashes are no pre-release
    key = [(1, int(part), "") if part.isdigit() else (2, 0, part.casefold()) for part in _PART.findall(release)]
    if label:
        key += [(0, int(part), "") if part.isdigit() else (0, 0, part.casefold()) for part in _PART.findall(label)]
    else:
        key.append((0, 2**62, ""))
    return tuple(key)


def fits(version: str, wanted: str) -> bool:
    """True if a version is what was asked for: the same, or under its pattern, or more precise.

    >>> fits("1.2.0", "1.x.x"), fits("1.2.0", "1.2"), fits("1.20.0", "1.2")
    (True, True, False)
    """
    if version == wanted:
        return True
    if not wanted:
        return True
    have, want = version.split("."), wanted.split(".")
    wild = any(part in _WILD for part in want)
    if not wild and (not wanted[0].isdigit() or len(want) >= len(have)):
        return False
    if wild and len(want) > len(have):
        return False
    return all(part in _WILD or part == mine for part, mine in zip(want, have, strict=False)) and (
        not wild or len(have) == len(want) or want[-1] in _WILD
    )


def choose(candidates: Iterable[T], version_of: Callable[[T], str], wanted: str | None) -> T | None:
    """The newest candidate of the version asked for; an exact one is stronger than one that only fits.

    >>> choose(["1.0.0", "1.1.0", "2.0.0"], str, "1.x")
    '1.1.0'
    """
    fitting = [item for item in candidates if wanted is None or fits(version_of(item), wanted)]
    if not fitting:
        return None
    exact = [item for item in fitting if version_of(item) == wanted]
    return max(exact or fitting, key=lambda item: version_key(version_of(item)))


_SPECIFICATION = "http://hl7.org/fhir/"
_RELEASES = ("1.0.2", "3.0.2", "4.0.1", "4.1.0", "4.3.0", "5.0.0", "6.0.0")


def of_release(
    url: str,
    candidates: Sequence[T],
    version_of: Callable[[T], str],
    wanted: str | None,
    fhir_release: str | None,
) -> Sequence[T]:
    """Of FHIR's own terminology only what the release that a request speaks has, where no version is asked for.

    FHIR's own are canonicals of the specification of which every version at hand is the number of a FHIR release:
    a client of R4 means the codes of R4, though those of R5 are newer. Without content of that very release it is the
    newest one before it, else the oldest.

    Parameters
    ----------
    fhir_release
        As `4.0.1`; None if nobody said.

    >>> of_release("http://hl7.org/fhir/event-status", ["5.0.0", "4.0.1"], str, None, "4.3.0")
    ['4.0.1']
    """
    if wanted or fhir_release is None or len(candidates) < 2 or not url.startswith(_SPECIFICATION):
        return candidates
    if any(version_of(item) not in _RELEASES for item in candidates):
        return candidates
    ordered = sorted(candidates, key=lambda item: version_key(version_of(item)))
    own = version_key(fhir_release)
    fitting = [item for item in ordered if version_key(version_of(item)) <= own]
    return [fitting[-1] if fitting else ordered[0]]


def newest_first(candidates: Iterable[T], version_of: Callable[[T], str]) -> list[T]:
    """Sorted, newest first; equal versions keep their order."""
    return sorted(candidates, key=lambda item: version_key(version_of(item)), reverse=True)


def forced_version(
    system: str,
    asked: str | None,
    *,
    defaults: Sequence[str] = (),
    forced: Sequence[str] = (),
) -> str | None:
    """The version after a request's `system-version` (where none is given) and `force-system-version` (always).

    Parameters
    ----------
    defaults, forced
        Canonicals `url|version`.

    >>> forced_version("http://a.b", None, defaults=["http://a.b|2"])
    '2'
    """
    for canonical in forced:
        url, _, version = canonical.partition("|")
        if url == system and version:
            return version
    if asked:
        return asked
    for canonical in defaults:
        url, _, version = canonical.partition("|")
        if url == system and version:
            return version
    return None


@dataclass(frozen=True, slots=True)
class VersionRules:
    """`system-version` (where an include says none) and `force-system-version` (always), as canonicals."""

    defaults: tuple[str, ...] = ()
    forced: tuple[str, ...] = ()

    def version_for(self, system: str, asked: str | None) -> str | None:
        """The version to use."""
        return forced_version(system, asked, defaults=self.defaults, forced=self.forced)
