"""A naming system: the identifiers (OID, UUID, URI) of one code or identifier system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class UniqueId:
    """NamingSystem.uniqueId. `kind` is FHIR's type: oid, uuid, uri, other (R5 also iri-stem, v2csmnemonic)."""

    kind: str
    value: str
    preferred: bool = False

    @property
    def uri(self) -> str | None:
        """The identifier as Coding.system would name it; None where it is no URI.

        >>> UniqueId("oid", "2.16.840.1.113883.6.3").uri
        'urn:oid:2.16.840.1.113883.6.3'
        """
        if self.kind in ("oid", "uuid"):
            prefix = f"urn:{self.kind}:"
            return self.value if self.value.startswith(prefix) else prefix + self.value
        return self.value if self.kind == "uri" else None


@dataclass(frozen=True, slots=True)
class NamingSystem:
    """A naming system. `other` carries FHIR elements that the house does not read, verbatim (R5 JSON values).

    Parameters
    ----------
    kind
        `codesystem`, `identifier` or `root`.
    """

    url: str
    version: str
    name: str
    title: str | None = None
    status: str = "active"
    kind: str = "codesystem"
    unique_ids: tuple[UniqueId, ...] = ()
    other: Mapping[str, object] = field(default_factory=dict)

    @property
    def canonical(self) -> str:
        """`url|version`; the url alone where there is no version."""
        return f"{self.url}|{self.version}" if self.version else self.url
