"""Which version of a code system an include means for one coding, and what is to be said of it.

The include and the request's parameters say which versions may be meant (`versions`); the coding's own version chooses
among those. Where it is none of them, the include decides and the difference is an issue:

    ====================================  =======================================================
    the include's version comes from      the difference is said as
    ====================================  =======================================================
    nobody: the newest                    a warning
    the include                           an error
    a parameter                           an error that names what the parameter made of it
    ====================================  =======================================================

A version that is not here at all is an error besides, and the unknown system of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from termserver.model.coding import Coding
from termserver.terminology import messages
from termserver.terminology.content import Content
from termserver.terminology.library import Library
from termserver.terminology.messages import Message
from termserver.terminology.unknown_code_system import version_list
from termserver.terminology.versions import Origin, VersionRules, Wanted, fits, version_key


@dataclass(slots=True)
class Reading:
    """A coding read by one include.

    Parameters
    ----------
    content
        The code system version meant; None if it is not here.
    said
        Messages with the element that they are of and their values.
    unknown
        `url` or `url|version` of what is not here.
    """

    content: Content | None
    said: list[tuple[Message, str, tuple[object, ...]]] = field(default_factory=list)
    unknown: str | None = None

    @property
    def wrong(self) -> bool:
        """True if there is an error."""
        return any(message.severity == "error" for message, _, _ in self.said)

    @property
    def newness(self) -> tuple[tuple[int, int, str], ...]:
        """Sorts readings, the newest version last."""
        if self.content is None:
            return ()
        header = self.content.header
        return version_key(header.version)


def find_code_system(library: Library, system: str, version: str | None) -> Content | None:
    """The code system version; None if it is not here, or known by name only (`not-present`): nothing can be validated."""
    content = library.code_system(system, version)
    if content is None or content.header.content != "not-present" or content.unclosed is not None:
        return content
    return content if len(content.table) else None


def read_coding(library: Library, rules: VersionRules, coding: Coding, wanted: Wanted) -> Reading:
    """Read a coding as an include of its system means it."""
    own = find_code_system(library, coding.system, coding.version) if coding.version else None
    if own is not None and wanted.includes(own.header.version):
        reading = Reading(own)
    else:
        reading = Reading(find_code_system(library, coding.system, wanted.version))
        _compare(library, reading, coding, wanted, own_is_here=own is not None)
    if reading.content is not None:
        header = reading.content.header
        refused = rules.refused_by(coding.system, header.version)
        if refused is not None:
            reading.said.append((messages.VERSION_REFUSED, "version", (header.version, coding.system, refused)))
    return reading


def _compare(library: Library, reading: Reading, coding: Coding, wanted: Wanted, *, own_is_here: bool) -> None:
    system, version = coding.system, coding.version
    if reading.content is None:
        if version and wanted.version and version != wanted.version:
            reading.said.append((messages.OTHER_VERSION, "version", (system, wanted.version, version)))
        _say_unknown(library, reading, system, wanted.version or version)
        return
    if not version or fits(reading.content.header.version, version):
        return
    reading.said.append(_difference(reading.content, coding, wanted))
    if not own_is_here:
        _say_unknown(library, reading, system, version)


def _difference(content: Content, coding: Coding, wanted: Wanted) -> tuple[Message, str, tuple[object, ...]]:
    system, version = coding.system, coding.version
    if wanted.origin is Origin.NEWEST:
        return messages.OTHER_VERSION_BY_DEFAULT, "version", (system, content.header.version, version)
    if wanted.origin is Origin.INCLUDE or wanted.version == wanted.named:
        return messages.OTHER_VERSION, "version", (system, wanted.version, version)
    values = (system, wanted.version, wanted.named or "", version)
    return messages.OTHER_VERSION_BY_PARAMETER, "version", values


def _say_unknown(library: Library, reading: Reading, system: str, version: str | None) -> None:
    message, values, reading.unknown = unknown_system(library, system, version)
    reading.said.append((message, "system", values))


def unknown_system(library: Library, system: str, version: str | None) -> tuple[Message, tuple[object, ...], str]:
    """What to say of a code system (version) that is not here, and its canonical as far as it matters."""
    versions = library.code_system_versions(system)
    if versions and version:
        return messages.UNKNOWN_VERSION, (system, version, version_list(versions)), f"{system}|{version}"
    if version:
        return messages.UNKNOWN_VERSION_OF_UNKNOWN, (system, version), system
    return messages.UNKNOWN_CODE_SYSTEM, (system,), system
