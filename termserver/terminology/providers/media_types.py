"""MIME types (`urn:ietf:bcp:13`): any well-formed media type under one of the registered top-level types.

IANA registers new subtypes every week and allows private ones (`x.`, `vnd.`), so subtypes are checked by their form.
Source: RFC 6838 section 4.2, RFC 2045 section 5.1 (parameters), IANA top-level media types.
"""

from __future__ import annotations

import re

from termserver.model.code_system import CodeSystem, Concept
from termserver.terminology.providers.grammar import GrammarContent, Listed

SYSTEM = "urn:ietf:bcp:13"
_MOST_CHARACTERS = 300
_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_TOP = "application|audio|example|font|haptics|image|message|model|multipart|text|video"
_MEDIA_TYPE = re.compile(rf"(?:{_TOP})/{_NAME}(?:[ \t]*;[ \t]*{_WORD}=(?:{_WORD}|\"[ !#-\[\]-~]*\"))*", re.IGNORECASE)
_HEADER = CodeSystem(
    SYSTEM, "", "MimeTypes", title="Media types (BCP 13)", language="en", case_sensitive=False, publisher="IETF"
)


def media_types(listed: Listed) -> GrammarContent:
    """The media types as content of a code system; the display is the code."""
    return GrammarContent(_HEADER, _concept, listed=listed)


def _concept(code: str) -> Concept | None:
    if len(code) > _MOST_CHARACTERS or _MEDIA_TYPE.fullmatch(code) is None:
        return None
    return Concept(code, code)
