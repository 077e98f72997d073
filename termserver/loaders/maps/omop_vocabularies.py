"""What OMOP's vocabularies are called in FHIR, for the tables that name systems by vocabulary_id."""

from __future__ import annotations

from collections.abc import Iterable

from termserver.errors import BadFile, BadInput
from termserver.loaders.maps.map_lines import MapHeader
from termserver.model.omop import SYSTEMS
from termserver.model.usagi_line import OMOP


class VocabularySystems:
    """vocabulary_id → canonical URL, for one file: what the caller named, then what is known.

    Raises
    ------
    BadFile
        If the caller named a target system: targets have that of their vocabulary, or OMOP's.
    """

    def __init__(self, header: MapHeader, *, name: str) -> None:
        self._header = header
        self._name = name
        self._sole = ""
        self._keeps_ids = header.target_system == OMOP
        if header.target_system and not self._keeps_ids:
            raise BadFile(
                "the targets' code systems follow from their vocabularies; name those that are not known (--vocabulary "
                f"NAME=URL), or keep concept ids (--target-system {OMOP})",
                file=name,
            )

    def of_source(self, vocabulary: str, *, line: int) -> str:
        """The code system of local codes.

        Raises
        ------
        BadFile
            If nothing says it, or one system was named for two vocabularies.
        """
        named = self._header.vocabularies.get(vocabulary)
        if named:
            return named
        if self._header.source_system:
            self._sole = self._sole or vocabulary
            if vocabulary != self._sole:
                raise BadFile(
                    f"the vocabularies '{self._sole}' and '{vocabulary}' cannot both be {self._header.source_system}; name "
                    "each (--vocabulary NAME=URL)",
                    file=self._name,
                    line=line,
                )
            return self._header.source_system
        known = SYSTEMS.get(vocabulary)
        if known is None:
            raise BadFile(
                f"nothing says which code system the vocabulary '{vocabulary[:40]}' is; name it (--vocabulary "
                f"'{vocabulary[:40]}=URL', or --source-system URL)",
                file=self._name,
                line=line,
            )
        return known

    def of_target(self, vocabulary: str) -> str:
        """The code system of targets; empty where they are best named by their concept ids."""
        if self._keeps_ids:
            return ""
        return self._header.vocabularies.get(vocabulary) or SYSTEMS.get(vocabulary, "")


def named_vocabularies(named: Iterable[str], option: str) -> dict[str, str]:
    """vocabulary_id → canonical URL, of what a person wrote as NAME=URL.

    Parameters
    ----------
    option
        What messages call it.

    Raises
    ------
    BadInput
        If it is written otherwise.
    """
    found: dict[str, str] = {}
    for item in named:
        name, mark, url = item.partition("=")
        if not mark or not name or ":" not in url:
            raise BadInput(
                f"{option} {item[:200]}: write NAME=URL, as in EX_DIAG=https://example.org/CodeSystem/diagnoses"
            )
        found[name] = url
    return found
