"""FHIR's own enumerations that are there without a network: `code_systems/fhir-core/enumerations.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from termserver.errors import BadFile
from termserver.loaders.recipe import recipes_folder
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.value_set import Include, ValueSet


@dataclass(frozen=True, slots=True)
class Enumeration:
    """One code system of one FHIR release, and the value set of all its codes where FHIR has one."""

    header: CodeSystem
    concepts: tuple[Concept, ...]
    value_set: ValueSet | None


def read_enumerations(path: Path | None = None) -> Iterator[Enumeration]:
    """All enumerations, each in every FHIR release that has it.

    Raises
    ------
    BadFile
        If the file is not valid.
    """
    path = path or recipes_folder() / "fhir-core" / "enumerations.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        for entry in data["enumeration"]:
            for release in entry.get("releases", data["releases"]):
                yield _enumeration(entry, release)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadFile(f"not a valid list of enumerations: {error}", file=str(path)) from None


def _enumeration(entry: dict[str, Any], release: str) -> Enumeration:
    url, name = str(entry["url"]), str(entry["name"])
    value_set_url = str(entry["value_set"]) if "value_set" in entry else None
    header = CodeSystem(
        url,
        release,
        name,
        status="draft" if release in entry.get("draft", ()) else "active",
        publisher="HL7",
        licence="CC0-1.0",
        value_set=value_set_url,
    )
    concepts = tuple(Concept(code, display, parents=tuple(parents)) for code, display, *parents in entry["codes"])
    value_set = None
    if value_set_url is not None:
        status = "draft" if release in entry.get("value_set_draft", ()) else "active"
        value_set = ValueSet(value_set_url, release, name, status=status, includes=(Include(url),))
    return Enumeration(header, concepts, value_set)
