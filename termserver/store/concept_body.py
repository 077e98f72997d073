"""The column `concept.body`: designations, properties, parents and definition of a concept as JSON, and back.

Read back by hand, not by pydantic: it is read on every hot path and for every concept of a release. Fields that
`Designation`, `ConceptProperty` and `Concept` have more of go through by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from termserver.fhir.primitives import plain_json
from termserver.model.code_system import Concept, ConceptProperty, RefsetMember
from termserver.model.coding import Coding, DescriptionDetails, Designation
from termserver.model.extension import Extension
from termserver.store.json_text import exact_json


@dataclass(frozen=True, slots=True)
class _Body:
    designations: tuple[Designation, ...] = ()
    properties: tuple[ConceptProperty, ...] = ()
    parents: tuple[str, ...] = ()
    definition: str | None = None
    extensions: tuple[Extension, ...] = ()
    members: tuple[RefsetMember, ...] = ()
    former_designations: tuple[Designation, ...] = ()


# Nearly always empty, so left out. A JSON string holds no bare quotation mark: these are never part of a text.
_LEFT_OUT = (
    b',"source":null',
    b',"extensions":[]',
    b',"details":null',
    b',"group":null',
    b',"members":[]',
    b',"former_designations":[]',
)


def body_text(concept: Concept) -> str:
    """The text of the column.

    >>> body_text(Concept("A", "a", parents=("B",)))
    '{"designations":[],"properties":[],"parents":["B"],"definition":null}'
    """
    body = _Body(
        concept.designations,
        concept.properties,
        concept.parents,
        concept.definition,
        concept.extensions,
        concept.members,
        concept.former_designations,
    )
    text = orjson.dumps(body, default=plain_json)
    for member in _LEFT_OUT:
        text = text.replace(member, b"")
    return text.decode()


def concept_from_body(code: str, display: str, *, active: bool, abstract: bool, body: str | bytes) -> Concept:
    """The concept, from its columns; decimals remember how they were written.

    >>> concept_from_body("A", "a", active=True, abstract=False, body='{"parents":["B"]}').parents
    ('B',)
    """
    read: dict[str, Any] = exact_json(body) if _has_decimals(body) else orjson.loads(body)
    read["designations"] = tuple([designation_from_body(item) for item in read.get("designations", ())])
    read["properties"] = tuple([_property(item) for item in read.get("properties", ())])
    read["parents"] = tuple(read.get("parents", ()))
    if "extensions" in read:
        read["extensions"] = _extensions(read["extensions"])
    if "members" in read:
        read["members"] = tuple([_member(item) for item in read["members"]])
    if "former_designations" in read:
        read["former_designations"] = tuple([designation_from_body(item) for item in read["former_designations"]])
    return Concept(code=code, display=display, active=active, abstract=abstract, **read)


def _has_decimals(body: str | bytes) -> bool:
    """True if a property or extension may be a decimal; what is not one is read three times as fast."""
    return "ecimal" in body if isinstance(body, str) else b"ecimal" in body


def designation_from_body(item: dict[str, Any]) -> Designation:
    """A designation, of its part of a body; the part is used up."""
    use = item.get("use")
    if use is not None:
        item["use"] = _coding(**use)
    if "extensions" in item:
        item["extensions"] = _extensions(item["extensions"])
    details = item.get("details")
    if details is not None:
        details["acceptability"] = tuple([tuple(pair) for pair in details["acceptability"]])
        item["details"] = DescriptionDetails(**details)
    return Designation(**item)


def _extensions(items: list[dict[str, Any]]) -> tuple[Extension, ...]:
    return tuple(
        Extension(item["url"], item["kind"], item["value"], _extensions(item.get("parts", []))) for item in items
    )


def _property(item: dict[str, Any]) -> ConceptProperty:
    if isinstance(item["value"], dict):
        item["value"] = _coding(**item["value"])
    return ConceptProperty(**item)


def _member(item: dict[str, Any]) -> RefsetMember:
    item["fields"] = tuple([tuple(pair) for pair in item["fields"]])
    return RefsetMember(**item)


@lru_cache(maxsize=4096)
def _coding(**fields: Any) -> Coding:
    """A release has millions of designations and a handful of uses."""
    return Coding(**fields)
