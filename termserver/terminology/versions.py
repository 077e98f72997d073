"""Which version is meant: one table of rules in one module, for $expand and $validate-code alike.

**What a text names.** A version is asked for exactly (`2.0.1`), by a pattern (`2.x.x`, `2.*`), in part (a SNOMED CT
edition without its date), or not at all: the newest. `2` is no version of `2.0.1`, whatever the code system declares.

**Who says it.** For a code system in a value set's include, the first row that applies:

    ============================================  ==========================================================
    `force-system-version` names the system       that version, whatever the include says
    the include names a version                   that version
    `check-system-version` names the system       that version
    `system-version` names the system             that version
    nobody                                        the newest
    ============================================  ==========================================================

Whatever came out, `check-system-version` must fit it. For a value set that an include imports without a version,
`default-valueset-version` says which. A code's own version chooses only within what these rules leave open.

Source: HL7's terminology ecosystem IG, version resolution; FHIR R5 ValueSet-operation-expand, versionAlgorithm[x].
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeVar

T = TypeVar("T")
_PART = re.compile(r"\d+|[^\d.\-_+/|]+")
_WILD = {"x", "X", "*"}
VersionKey = tuple[tuple[int, int, str], ...]


def version_key(version: str, algorithm: str | None = None) -> VersionKey:
    """A key that sorts versions: by natural order (numbers as numbers, a pre-release before its release), or as text.

    Parameters
    ----------
    algorithm
        What the code system declares: `alpha` sorts as text; `semver`, `integer`, `date`, `natural` and None sort by
        natural order, which gives theirs (semver's build metadata does not count).

    >>> sorted(["10.0", "9.1", "9.1-beta"], key=version_key)
    ['9.1-beta', '9.1', '10.0']
    >>> sorted(["10.0", "9.1"], key=lambda item: version_key(item, "alpha"))
    ['10.0', '9.1']
    """
    if algorithm == "alpha":
        return ((0, 0, version),)
    if algorithm == "semver":
        version = version.partition("+")[0]
    release, _, label = version.partition("-")
    if label and release.isdigit() and len(release) == 4:
        release, label = version, ""  # a date: its dashes are no pre-release
    key = [(1, int(part), "") if part.isdigit() else (2, 0, part.casefold()) for part in _PART.findall(release)]
    if label:
        key += [(0, int(part), "") if part.isdigit() else (0, 0, part.casefold()) for part in _PART.findall(label)]
    else:
        key.append((0, 2**62, ""))
    return tuple(key)


def is_pattern(version: str) -> bool:
    """True if a version is a pattern.

    >>> is_pattern("1.x.x"), is_pattern("1.0.0")
    (True, False)
    """
    return any(part in _WILD for part in version.split("."))


def fits(version: str, wanted: str) -> bool:
    """True if a version is what was asked for: the same, under its pattern, or what it names in part.

    >>> fits("1.2.0", "1.x.x"), fits("1.2.0", "1.2")
    (True, False)
    >>> fits("http://snomed.info/sct/45991000052106/version/20250531", "http://snomed.info/sct/45991000052106")
    True
    """
    if version == wanted or not wanted:
        return True
    if is_pattern(wanted):
        have, want = version.split("."), wanted.split(".")
        return (
            len(want) <= len(have)
            and all(part in _WILD or part == mine for part, mine in zip(want, have, strict=False))
            and (len(have) == len(want) or want[-1] in _WILD)
        )
    return version.startswith(wanted + "/version/")


def choose(
    candidates: Iterable[T],
    version_of: Callable[[T], str],
    wanted: str | None,
    algorithm_of: Callable[[T], str | None] | None = None,
) -> T | None:
    """The newest candidate of the version asked for; an exact one is stronger than one that only fits.

    >>> choose(["1.0.0", "1.1.0", "2.0.0"], str, "1.x")
    '1.1.0'
    """
    named = algorithm_of or _no_algorithm
    fitting = [item for item in candidates if wanted is None or fits(version_of(item), wanted)]
    if not fitting:
        return None
    exact = [item for item in fitting if version_of(item) == wanted]
    return max(exact or fitting, key=lambda item: version_key(version_of(item), named(item)))


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


def newest_first(
    candidates: Iterable[T],
    version_of: Callable[[T], str],
    algorithm_of: Callable[[T], str | None] | None = None,
) -> list[T]:
    """Sorted, newest first; equal versions keep their order."""
    named = algorithm_of or _no_algorithm
    return sorted(candidates, key=lambda item: version_key(version_of(item), named(item)), reverse=True)


def _no_algorithm(_: object) -> None:
    return None


class Origin(Enum):
    """Who says which version of a code system an include means: the rows of the module's table."""

    FORCED = "force-system-version"
    INCLUDE = "the include"
    CHECKED = "check-system-version"
    DEFAULT = "system-version"
    NEWEST = "nobody"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The version that an include means.

    Parameters
    ----------
    version
        Exact, a pattern or partial; None for the newest.
    origin
        Who says so.
    named
        What the include itself says.
    """

    version: str | None
    origin: Origin
    named: str | None = None

    def includes(self, version: str) -> bool:
        """True if a version of the code system is one that the include may mean."""
        return self.version is None or fits(version, self.version)


class HasVersionParameters(Protocol):
    """A request with the parameters that choose versions, as canonicals `url|version`."""

    @property
    def system_versions(self) -> tuple[str, ...]:
        """`system-version`."""
        ...

    @property
    def check_system_versions(self) -> tuple[str, ...]:
        """`check-system-version`."""
        ...

    @property
    def force_system_versions(self) -> tuple[str, ...]:
        """`force-system-version`."""
        ...

    @property
    def default_value_set_versions(self) -> tuple[str, ...]:
        """`default-valueset-version`."""
        ...


@dataclass(frozen=True, slots=True)
class VersionRules:
    """The parameters of a request that choose versions, as canonicals `url|version`.

    Parameters
    ----------
    defaults, forced, checked
        `system-version`, `force-system-version`, `check-system-version`.
    value_sets
        `default-valueset-version`.
    """

    defaults: tuple[str, ...] = ()
    forced: tuple[str, ...] = ()
    checked: tuple[str, ...] = ()
    value_sets: tuple[str, ...] = ()

    def wanted(self, system: str, named: str | None) -> Wanted:
        """The version that an include of `system` means, of which it names the version `named`.

        >>> VersionRules(defaults=("u|1",), checked=("u|2.x",)).wanted("u", None).version
        '2.x'
        """
        forced = _version_in(self.forced, system)
        if forced is not None:
            return Wanted(forced, Origin.FORCED, named)
        if named:
            return Wanted(named, Origin.INCLUDE, named)
        checked = _version_in(self.checked, system)
        if checked is not None:
            return Wanted(checked, Origin.CHECKED)
        default = _version_in(self.defaults, system)
        if default is not None:
            return Wanted(default, Origin.DEFAULT)
        return Wanted(None, Origin.NEWEST)

    def version_for(self, system: str, named: str | None) -> str | None:
        """As `wanted`, the version alone."""
        return self.wanted(system, named).version

    def version_of_code(self, system: str, own: str | None) -> str | None:
        """The version of a code outside any value set: forced, its own, or what `wanted` says."""
        return self.wanted(system, own).version

    def refused_by(self, system: str, version: str) -> str | None:
        """What `check-system-version` requires, if this version of the system does not fit it; else None.

        >>> VersionRules(checked=("u|1.0.x",)).refused_by("u", "1.2.0")
        '1.0.x'
        """
        required = _version_in(self.checked, system)
        return required if required is not None and not fits(version, required) else None

    def value_set_version(self, url: str) -> str | None:
        """The version of a value set that is imported without one."""
        return _version_in(self.value_sets, url)


def rules_of(request: HasVersionParameters) -> VersionRules:
    """The version rules of a request."""
    return VersionRules(
        request.system_versions,
        request.force_system_versions,
        request.check_system_versions,
        request.default_value_set_versions,
    )


def _version_in(canonicals: Sequence[str], url: str) -> str | None:
    """The version that the first canonical with this url names."""
    for canonical in canonicals:
        named, _, version = canonical.partition("|")
        if named == url and version:
            return version
    return None
