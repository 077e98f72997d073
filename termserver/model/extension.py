"""An extension of a FHIR element, as far as the engine reads or passes on extensions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extension:
    """A FHIR extension: a value, or parts.

    Parameters
    ----------
    kind
        FHIR's type as its `value[x]` names it: `String`, `Code`, `Decimal`; empty where the extension has parts.
    value
        As FHIR's JSON has it; None where the extension has parts.

    >>> Extension("http://hl7.org/fhir/StructureDefinition/itemWeight", "Decimal", 1.5).value
    1.5
    """

    url: str
    kind: str = ""
    value: object = None
    parts: tuple[Extension, ...] = ()


def extension_value(extensions: tuple[Extension, ...], url: str) -> object:
    """The value of the first extension of that url; None without one."""
    return next((item.value for item in extensions if item.url == url), None)
