"""BCP-47 language tags, checked against the IANA registry that the package `language-tags` keeps current.

A tag is a code in its canonical spelling only (`en-US`, not `en-us`), as FHIR's code systems are by rule: letters and case
count. Source: RFC 5646; FHIR R5 valueset-languages.
"""

from __future__ import annotations

from functools import lru_cache

from termserver.model.code_system import CodeSystem, Concept
from termserver.model.coding import Designation
from termserver.terminology.providers.grammar import GrammarContent, Listed

SYSTEM = "urn:ietf:bcp:47"
COMMON_LANGUAGES = "http://terminology.hl7.org/ValueSet/Languages"
_MOST_CHARACTERS = 100
_PARTS = {"extlang": "Extended Language", "script": "Script", "region": "Region", "variant": "Variant"}
_HEADER = CodeSystem(
    SYSTEM,
    "",
    "IETFLanguageTags",
    title="Tags for the identification of languages (BCP 47)",
    language="en",
    publisher="IETF",
)


def language_tags(listed: Listed) -> GrammarContent:
    """The language tags as content of a code system."""
    return GrammarContent(_HEADER, _concept, listed=listed, listed_in=COMMON_LANGUAGES)


@lru_cache(maxsize=4_096)
def _concept(code: str) -> Concept | None:
    """A tag with its name: `English (United States)`, and with the parts said: `English (Region=United States)`."""
    from language_tags import tags

    if not code or len(code) > _MOST_CHARACTERS or not code.isascii():
        return None
    tag = tags.tag(code)
    if tag.format != code or not tag.valid:
        return None
    names = [(subtag.type, subtag.description[0]) for subtag in tag.subtags if subtag.description]
    if not names:
        return None
    language, parts = names[0][1], names[1:]
    if not parts:
        further = tag.subtags[0].description[1:]
        return Concept(code, language, tuple(Designation(name, "en") for name in further))
    display = f"{language} ({', '.join(name for _, name in parts)})"
    spelled_out = f"{language} ({', '.join(f'{_PARTS.get(kind, kind)}={name}' for kind, name in parts)})"
    return Concept(code, display, (Designation(spelled_out, "en"),))
