"""Which code systems have rules of their own.

Two tables. `_BUILT_IN`: systems that are there without being loaded (a loaded one takes their place). `_OWN_RULES`: what is
put around a loaded version of a system, for its filters, its expressions, its implicit hierarchies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from termserver.model.code_system import CodeSystem
from termserver.terminology.content import Content
from termserver.terminology.providers import iso, language_tags, media_types, npu, ucum
from termserver.terminology.providers.grammar import Listed
from termserver.terminology.providers.loinc import LOINC_URL, with_loinc_rules
from termserver.terminology.providers.snomed import with_snomed_rules
from termserver.terminology.providers.snomed_editions import SNOMED_URL
from termserver.terminology.versions import fits


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A code system that needs no loading.

    Parameters
    ----------
    make
        Its content, given the codes of `common`.
    aliases
        Further URIs of the system (OIDs of HL7's and ISO's registries).
    common
        Canonical URL of a value set of common codes, which an expansion of the whole system shows; None if there is none.
    """

    make: Callable[[Listed], Content]
    aliases: tuple[str, ...] = ()
    common: str | None = None


_BUILT_IN: Mapping[str, BuiltIn] = {
    ucum.SYSTEM: BuiltIn(ucum.ucum, ("urn:oid:2.16.840.1.113883.6.8",), ucum.COMMON_UNITS),
    language_tags.SYSTEM: BuiltIn(
        language_tags.language_tags, ("urn:oid:2.16.840.1.113883.6.316",), language_tags.COMMON_LANGUAGES
    ),
    media_types.SYSTEM: BuiltIn(media_types.media_types),
    npu.SYSTEM: BuiltIn(npu.npu, ("urn:oid:1.2.208.176.2.1",)),
    iso.COUNTRIES: BuiltIn(lambda _: iso.countries(), ("urn:oid:1.0.3166.1", "urn:oid:1.0.3166.1.2.2")),
    iso.SUBDIVISIONS: BuiltIn(lambda _: iso.subdivisions(), ("urn:oid:1.0.3166.2",)),
    iso.CURRENCIES: BuiltIn(lambda _: iso.currencies(), ("urn:oid:1.0.4217",)),
}
_OWN_RULES: Mapping[str, Callable[[Content], Content]] = {SNOMED_URL: with_snomed_rules, LOINC_URL: with_loinc_rules}


def built_in_content(url: str, version: str | None, listed_in: Callable[[str], Listed]) -> Content | None:
    """The code system with this canonical URL that needs no loading; None if there is none, or not in that version.

    Parameters
    ----------
    listed_in
        Canonical URL of a value set → what reads its codes.
    """
    found = _BUILT_IN.get(url)
    if found is None:
        return None
    content = found.make(listed_in(found.common) if found.common else None)
    return content if version is None or fits(content.header.version, version) else None


def built_in_version(url: str) -> str | None:
    """The version of a code system that needs no loading; None if there is none."""
    found = _BUILT_IN.get(url)
    return None if found is None else found.make(None).header.version


def built_in_headers() -> dict[str, list[CodeSystem]]:
    """The headers of the code systems that need no loading, by canonical URL."""
    return {url: [found.make(None).header] for url, found in _BUILT_IN.items()}


def built_in_aliases() -> dict[str, str]:
    """Further URIs of the code systems that need no loading, and the canonical URL that each stands for."""
    return {alias: url for url, found in _BUILT_IN.items() for alias in found.aliases}


def with_own_rules(content: Content) -> Content:
    """The content with the rules that its code system has besides those of all systems."""
    wrap = _OWN_RULES.get(content.header.url)
    return content if wrap is None else wrap(content)
