"""Writing FHIR resources over the REST API: who may, what may change, and the audit event of each change.

The rules are those of decision 0030: a draft may change, what is published needs a new business version for a changed
body, a status alone may change, and what says nothing new makes no new version.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from termserver.audit.record import record
from termserver.errors import BusinessRule, PreconditionFailed
from termserver.fhir.code_system import read_code_system, write_code_system_head
from termserver.fhir.concept_map import read_concept_map, write_concept_map_head
from termserver.fhir.value_set import read_value_set, write_value_set
from termserver.fhir.versions import FhirVersion
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.concept_map import ConceptMap
from termserver.model.naming_system import NamingSystem
from termserver.model.person import Person
from termserver.model.value_set import ValueSet
from termserver.security.roles import Permission, require
from termserver.store import concept_maps, concept_writer
from termserver.store.code_systems import StoredCodeSystem, add_code_system, stream_concepts
from termserver.store.concept_maps import ElementRow, StoredConceptMap, add_concept_map_rows, stream_element_rows
from termserver.store.engine import Session
from termserver.store.naming_systems import StoredNamingSystem, add_naming_system, remove_naming_system
from termserver.store.resource_versions import (
    Placing,
    first_status,
    record_version,
    set_status,
    withdraw,
)
from termserver.store.resources import Stored, canonical_of, get_content, get_current, status_of
from termserver.store.revision import raise_revision
from termserver.store.value_sets import StoredValueSet, add_value_set

_LENGTHS = {"url": 500, "version": 190, "name": 200, "title": 500}


@dataclass(frozen=True, slots=True)
class CodeSystemBody:
    """A code system as a client sends it."""

    header: CodeSystem
    concepts: Sequence[Concept]


@dataclass(frozen=True, slots=True)
class ConceptMapBody:
    """A concept map as a client sends it; its elements may be read again and again, and may not fit into memory."""

    header: ConceptMap
    elements: Iterable[ElementRow]


Body = CodeSystemBody | ConceptMapBody | ValueSet | NamingSystem


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a body. `how` is `created`, `updated` or `unchanged`."""

    stored: Stored
    how: str


def kind_of_body(body: Body) -> str:
    """The resource's type."""
    if isinstance(body, CodeSystemBody):
        return "CodeSystem"
    if isinstance(body, ConceptMapBody):
        return "ConceptMap"
    return "ValueSet" if isinstance(body, ValueSet) else "NamingSystem"


def write_resource(
    session: Session,
    actor: Person,
    body: Body,
    *,
    fhir_id: str | None = None,
    expected: Sequence[str] | None = None,
    must_be_new: bool = False,
) -> Written:
    """Create a resource, or write its next version.

    Parameters
    ----------
    fhir_id
        The id it shall have; None makes a new resource under an id that the store chooses.
    expected
        The versions of which the current one must be one (If-Match); `*` is any. None: not asked.
    must_be_new
        If-None-Match: *.

    Raises
    ------
    PreconditionFailed
        If the current version is another one.
    BusinessRule
        If the change is against decision 0030, or the resource has no url.
    Conflict
        If another resource has the same url and version.
    """
    kind = kind_of_body(body)
    require(session, actor, permission_for(kind))
    current = None if fhir_id is None else get_current(session, kind, fhir_id)
    check_expected(kind, fhir_id, current, expected)
    if must_be_new and current is not None:
        raise PreconditionFailed(f"{kind}/{fhir_id} is already there (If-None-Match: *)")
    _check_identity(kind, body)
    if current is None:
        return _written(session, actor, kind, _add(session, body, Placing(fhir_id, actor.login)), "created")
    if status_of(current) == "draft" or kind == "NamingSystem":
        if _is_same(session, current, body):
            return _with_status(session, actor, current, body)
    else:
        unchanged = _check_published(session, kind, current, body)
        if unchanged:
            return _with_status(session, actor, current, body)
    placing = Placing(current.fhir_id, actor.login, current.id)
    return _written(session, actor, kind, _add(session, body, placing), "updated")


def delete_resource(
    session: Session, actor: Person, kind: str, fhir_id: str, *, expected: Sequence[str] | None = None
) -> bool:
    """Take a resource out of service; its versions stay in the history. False if there was none.

    Raises
    ------
    PreconditionFailed
        If the current version is not an expected one.
    """
    require(session, actor, permission_for(kind))
    current = get_current(session, kind, fhir_id)
    check_expected(kind, fhir_id, current, expected)
    if current is None:
        return False
    if isinstance(current, StoredNamingSystem):
        remove_naming_system(session, current.id)
    else:
        withdraw(session, kind, current.id)
    version = record_version(
        session, kind, fhir_id, action="delete", status=status_of(current), content_id=None, person=actor.login
    )
    url, business_version = canonical_of(current)
    record(
        session, actor, "resource.delete", kind, fhir_id,
        url=url, version=business_version, version_id=version.version_id,
    )  # fmt: skip
    raise_revision(session)
    return True


def permission_for(kind: str) -> Permission:
    """Maps are published; other content is loaded."""
    return Permission.PUBLISH if kind == "ConceptMap" else Permission.LOAD_CONTENT


def check_expected(kind: str, fhir_id: str | None, current: Stored | None, expected: Sequence[str] | None) -> None:
    """Go on only if the current version is one of those expected.

    Raises
    ------
    PreconditionFailed
        Naming the current version.
    """
    if expected is None:
        return
    if current is None:
        raise PreconditionFailed(f"{kind}/{fhir_id} is not there, and If-Match names a version of it")
    if "*" not in expected and str(current.version_id) not in expected:
        raise PreconditionFailed(
            f"{kind}/{fhir_id} is at version {current.version_id}, not at {', '.join(expected)[:80]}; "
            "somebody else changed it. Read it again."
        )


def _check_identity(kind: str, body: Body) -> None:
    header = body.header if isinstance(body, CodeSystemBody | ConceptMapBody) else body
    for name, most in _LENGTHS.items():
        value = getattr(header, name)
        if value and len(value) > most:
            raise BusinessRule(
                f"{kind}.{name}: has {len(value)} characters; at most {most}", expression=f"{kind}.{name}"
            )
        if value and name in ("url", "version") and "|" in value:
            raise BusinessRule(f"{kind}.{name}: must not contain |", expression=f"{kind}.{name}")
    if not header.url and kind != "NamingSystem":
        raise BusinessRule(
            f"{kind}.url: is missing; a terminology server finds content by its canonical url", expression=f"{kind}.url"
        )


def _check_published(session: Session, kind: str, current: Stored, body: Body) -> bool:
    """True if the body is the published one, its status apart.

    Raises
    ------
    BusinessRule
        If the body changed and the version did not.
    """
    header = body.header if isinstance(body, CodeSystemBody | ConceptMapBody) else body
    url, version = canonical_of(current)
    name = f"{kind}/{current.fhir_id}"
    if header.url != url:
        raise BusinessRule(
            f"{name} is {url}: the url of published content does not change. POST a new {kind}.",
            expression=f"{kind}.url",
        )
    if header.version != version:
        return False
    if not _is_same(session, current, body):
        raise BusinessRule(
            f"{url}|{version} is published ({status_of(current)}) and immutable: a changed body needs a new business "
            f"version ({kind}.version), so that whoever pinned {version or 'it'} keeps getting what it was.",
            expression=f"{kind}.version",
        )
    if header.status == "draft":
        raise BusinessRule(f"{url}|{version} is published; it cannot become a draft again", expression=f"{kind}.status")
    return True


def _with_status(session: Session, actor: Person, current: Stored, body: Body) -> Written:
    """The body says nothing new, or a status alone."""
    kind = kind_of_body(body)
    status = (body.header if isinstance(body, CodeSystemBody | ConceptMapBody) else body).status
    if status == status_of(current):
        return Written(current, "unchanged")
    set_status(session, kind, current.id, status, actor.login)
    raise_revision(session)
    changed = get_content(session, kind, current.id)
    return _written(session, actor, kind, changed or current, "updated")


def _written(session: Session, actor: Person, kind: str, stored: Stored, how: str) -> Written:
    url, version = canonical_of(stored)
    record(
        session, actor, f"resource.{how.removesuffix('d')}", kind, stored.fhir_id,
        url=url, version=version, version_id=stored.version_id, status=status_of(stored),
    )  # fmt: skip
    return Written(stored, how)


def _add(session: Session, body: Body, placing: Placing) -> Stored:
    if isinstance(body, CodeSystemBody):
        return add_code_system(session, body.header, body.concepts, placing=placing)
    if isinstance(body, ConceptMapBody):
        return add_concept_map_rows(session, body.header, body.elements, placing)
    if isinstance(body, ValueSet):
        return add_value_set(session, body, placing)
    return add_naming_system(session, body, placing)


# ------------------------------------------------------------------ the same?


def _is_same(session: Session, current: Stored, body: Body) -> bool:
    """True if both say the same, the status apart: what a client read and sends back is no change.

    What is stored may know more than FHIR JSON says (a recipe's aliases), so it is compared as a client reads it.
    """
    if isinstance(current, StoredCodeSystem) and isinstance(body, CodeSystemBody):
        return _is_same_code_system(session, current, body)
    if isinstance(current, StoredConceptMap) and isinstance(body, ConceptMapBody):
        return _is_same_map(session, current, body)
    if isinstance(current, StoredValueSet) and isinstance(body, ValueSet):
        stored = replace(current.value_set, status=body.status)
        return body in (stored, _bare(read_value_set(write_value_set(stored, FhirVersion.R5), FhirVersion.R5)))
    if isinstance(current, StoredNamingSystem) and isinstance(body, NamingSystem):
        return body == replace(current.naming_system, status=body.status)
    return False


def _is_same_code_system(session: Session, current: StoredCodeSystem, body: CodeSystemBody) -> bool:
    first = first_status(session, "CodeSystem", current.id) or current.header.status
    if concept_writer.content_hash(replace(body.header, status=first), body.concepts) == current.content_hash:
        return True
    stored = replace(current.header, status=body.header.status)
    as_read, _ = read_code_system(write_code_system_head(stored, FhirVersion.R5, None, None), FhirVersion.R5)
    if body.header not in (stored, as_read) or len(body.concepts) != current.concept_count:
        return False
    return all(one == other for one, other in zip_longest(stream_concepts(session, current.id), body.concepts))


def _is_same_map(session: Session, current: StoredConceptMap, body: ConceptMapBody) -> bool:
    first = first_status(session, "ConceptMap", current.id) or current.header.status
    if concept_maps.content_hash(replace(body.header, status=first), body.elements) == current.content_hash:
        return True
    stored = replace(current.header, status=body.header.status)
    as_read = replace(
        read_concept_map(write_concept_map_head(stored, FhirVersion.R5), FhirVersion.R5), groups=stored.groups
    )
    if body.header not in (stored, as_read):
        return False
    pairs = zip_longest(stream_element_rows(session, current.id), body.elements)
    return all(one == other for one, other in pairs)


def _bare(value_set: ValueSet) -> ValueSet:
    return replace(value_set, other={name: value for name, value in value_set.other.items() if name != "id"})
