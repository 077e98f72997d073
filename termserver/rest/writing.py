"""Create, update, patch and delete, conditional or not. Source: FHIR R4 and R5, RESTful API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from termserver.curation.resources import (
    Body,
    CodeSystemBody,
    ConceptMapBody,
    Written,
    check_expected,
    delete_resource,
    permission_for,
    write_resource,
)
from termserver.errors import BadInput, NotFound, NotSignedIn, PreconditionFailed, TooLarge, UnsupportedMediaType
from termserver.fhir.code_system import read_code_system
from termserver.fhir.concept_map import read_concept_map
from termserver.fhir.conformity import check_resource
from termserver.fhir.elements import Json, resource_of_type
from termserver.fhir.fhirpath_patch import json_patch_from_parameters
from termserver.fhir.json_patch import apply_json_patch
from termserver.fhir.naming_system import read_naming_system
from termserver.fhir.operation_outcome import write_outcome
from termserver.fhir.search_parameters import read_criteria
from termserver.fhir.value_set import read_value_set
from termserver.fhir.versions import FhirVersion
from termserver.model.issue import Issue
from termserver.model.person import Person
from termserver.rest.answers import Answer, Streamed, etag_of_version, etags_in, http_date
from termserver.rest.large_maps import staged_map, without_server_meta
from termserver.rest.negotiation import JSON_PATCH, media_type
from termserver.rest.reading import current_or_why_not
from termserver.rest.rendering import rendered, whole_json
from termserver.rest.request import FhirRequest, read_query
from termserver.rest.searching import matching
from termserver.rest.service import Service
from termserver.security.roles import require
from termserver.security.sign_in import person_for_token
from termserver.store.concept_maps import StoredConceptMap, element_rows, header_of
from termserver.store.engine import Session
from termserver.store.resource_versions import last_version
from termserver.store.resources import Stored, changed_at

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_LARGEST_PATCHED = 50_000
_PAGING = {"_format", "_pretty", "_summary", "_elements"}


# ------------------------------------------------------------------ who


def signed_in(session: Session, request: FhirRequest) -> Person:
    """The person behind the Authorization header.

    Raises
    ------
    NotSignedIn
        If there is no bearer token, or it is not valid any more.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotSignedIn(
            "Writing needs a token: Authorization: Bearer …; an administrator makes one with `termserver person LOGIN "
            "--token-days 90`"
        )
    person = person_for_token(session, token.strip())
    if person is None:
        raise NotSignedIn("The token is not valid, or no longer; an administrator makes a new one")
    return person


def _refuse_strangers(service: Service, request: FhirRequest, kind: str) -> None:
    """Before a large body is read: who may not write need not wait."""
    with service.database.session() as session:
        require(session, signed_in(session, request), permission_for(kind))


# ------------------------------------------------------------------ what


@contextmanager
def _incoming(request: FhirRequest, kind: str) -> Iterator[tuple[Body, str | None]]:
    """The body as the house reads it, and the id that it says; refused if it does not conform."""
    if request.large_body is not None:
        with staged_map(*request.large_body) as staged:
            yield staged
        return
    if request.body is None:
        raise BadInput(f"The body is empty; send a {kind}")
    resource = resource_of_type(request.body, kind)
    yield read_body(resource, request.body_version), _said_id(resource)


def _said_id(resource: Json) -> str | None:
    said = resource.get("id")
    return said if isinstance(said, str) else None


def read_body(resource: Json, version: FhirVersion) -> Body:
    """A resource that conforms, as the house reads it.

    Raises
    ------
    BadInput
        Naming the element at fault.
    """
    kind = resource["resourceType"]
    check_resource(resource, version)
    bare = without_server_meta(resource)
    if kind == "CodeSystem":
        return CodeSystemBody(*read_code_system(bare, version))
    if kind == "ConceptMap":
        concept_map = read_concept_map(bare, version)
        return ConceptMapBody(header_of(concept_map), element_rows(concept_map))
    return read_value_set(bare, version) if kind == "ValueSet" else read_naming_system(bare, version)


def _expected(request: FhirRequest) -> list[str] | None:
    header = request.headers.get("if-match")
    return None if header is None else etags_in(header)


# ------------------------------------------------------------------ create, update


def create(service: Service, request: FhirRequest, kind: str, *, fhir_id: str | None = None) -> Answer:
    """POST [kind]; with If-None-Exist only if nothing fits those criteria.

    Parameters
    ----------
    fhir_id
        The id that a transaction chose.
    """
    _refuse_strangers(service, request, kind)
    with _incoming(request, kind) as (body, _), service.database.session(write=True) as session:
        actor = signed_in(session, request)
        require(session, actor, permission_for(kind))
        criteria = request.headers.get("if-none-exist")
        if criteria:
            found = found_by(session, kind, read_query(criteria.partition("?")[2] or criteria))
            if found is not None:
                return _answer(service, request, kind, Written(found, "unchanged"))
        written = write_resource(session, actor, body, fhir_id=fhir_id)
    return _answer(service, request, kind, written)


def update(service: Service, request: FhirRequest, kind: str, fhir_id: str) -> Answer:
    """PUT [kind]/[id]: the next version, or the first one under an id that the client chose."""
    if not _ID.fullmatch(fhir_id):
        raise BadInput(f"'{fhir_id[:64]}' is no id: 1 to 64 letters, digits, - and .", expression=f"{kind}.id")
    _refuse_strangers(service, request, kind)
    with _incoming(request, kind) as (body, said_id), service.database.session(write=True) as session:
        actor = signed_in(session, request)
        if said_id != fhir_id:
            raise BadInput(f"{kind}.id: must be '{fhir_id}', as in the URL, not {said_id!r}", expression=f"{kind}.id")
        written = write_resource(
            session, actor, body, fhir_id=fhir_id, expected=_expected(request), must_be_new=_must_be_new(request)
        )
    return _answer(service, request, kind, written)


def conditional_update(service: Service, request: FhirRequest, kind: str) -> Answer:
    """PUT [kind]?criteria: the one that fits; a new one where none does."""
    _refuse_strangers(service, request, kind)
    with _incoming(request, kind) as (body, said_id), service.database.session(write=True) as session:
        actor = signed_in(session, request)
        require(session, actor, permission_for(kind))
        found = found_by(session, kind, _criteria_of(request))
        if found is not None and said_id not in (None, found.fhir_id):
            raise BadInput(f"{kind}.id: the criteria fit '{found.fhir_id}', not '{said_id}'", expression=f"{kind}.id")
        fhir_id = said_id if found is None else found.fhir_id
        written = write_resource(session, actor, body, fhir_id=fhir_id, expected=_expected(request))
    return _answer(service, request, kind, written)


def patch(service: Service, request: FhirRequest, kind: str, fhir_id: str | None) -> Answer:
    """PATCH [kind]/[id] or [kind]?criteria, by JSON Patch or FHIRPath Patch.

    Raises
    ------
    TooLarge
        If the resource is too large to be patched; PUT takes it whole.
    """
    with service.database.session(write=True) as session:
        actor = signed_in(session, request)
        require(session, actor, permission_for(kind))
        current = _to_be_patched(session, request, kind, fhir_id)
        check_expected(kind, current.fhir_id, current, _expected(request))
        if isinstance(current, StoredConceptMap) and current.element_count > _LARGEST_PATCHED:
            raise TooLarge(f"A map of more than {_LARGEST_PATCHED} elements is not patched; PUT it whole")
        resource = without_server_meta(whole_json(session, current, request.version))
        changed = _patched(resource, request)
        if changed.get("resourceType") != kind:
            raise BadInput(f"The patch leaves no {kind}", expression="resourceType")
        body = read_body(changed, request.version)
        written = write_resource(session, actor, body, fhir_id=current.fhir_id)
    return _answer(service, request, kind, written)


def _to_be_patched(session: Session, request: FhirRequest, kind: str, fhir_id: str | None) -> Stored:
    if fhir_id is not None:
        return current_or_why_not(session, kind, fhir_id)
    found = found_by(session, kind, _criteria_of(request))
    if found is None:
        raise PreconditionFailed(f"No {kind} fits the criteria")
    return found


def _patched(resource: Json, request: FhirRequest) -> Json:
    is_json_patch = media_type(request.headers.get("content-type", "")) == JSON_PATCH
    if is_json_patch or isinstance(request.body, list):
        return apply_json_patch(resource, request.body)
    if isinstance(request.body, dict) and request.body.get("resourceType") == "Binary":
        raise UnsupportedMediaType("A patch inside a Bundle is a Parameters resource (FHIRPath Patch)")
    operations = json_patch_from_parameters(request.body, resource, request.version)
    return apply_json_patch(resource, operations)


# ------------------------------------------------------------------ delete


def delete(service: Service, request: FhirRequest, kind: str, fhir_id: str) -> Answer:
    """DELETE [kind]/[id]; deleting what is deleted already is no error."""
    with service.database.session(write=True) as session:
        actor = signed_in(session, request)
        was_there = delete_resource(session, actor, kind, fhir_id, expected=_expected(request))
        if not was_there and last_version(session, kind, fhir_id) is None:
            raise NotFound(f"There is no {kind} with the id '{fhir_id[:64]}'")
    return _deleted(request, f"{kind}/{fhir_id}")


def conditional_delete(service: Service, request: FhirRequest, kind: str) -> Answer:
    """DELETE [kind]?criteria: the one that fits, if one does."""
    with service.database.session(write=True) as session:
        actor = signed_in(session, request)
        require(session, actor, permission_for(kind))
        found = found_by(session, kind, _criteria_of(request))
        if found is not None:
            delete_resource(session, actor, kind, found.fhir_id, expected=_expected(request))
    return _deleted(request, f"{kind}/{found.fhir_id}" if found else "nothing")


def _deleted(request: FhirRequest, what: str) -> Answer:
    if request.preferred("return") == "OperationOutcome":
        return Answer(write_outcome([Issue("information", "informational", f"Deleted: {what}")]))
    return Answer(None, 204)


# ------------------------------------------------------------------ criteria


def _criteria_of(request: FhirRequest) -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.query if name not in _PAGING]


def found_by(session: Session, kind: str, query: Sequence[tuple[str, str]]) -> Stored | None:
    """The one resource that fits, or None.

    Raises
    ------
    BadInput
        If a criterion is not known, or there is none: that would fit everything.
    PreconditionFailed
        If several fit.
    """
    criteria, unknown = read_criteria(kind, query)
    if unknown or not criteria:
        raise BadInput(f"Criteria: {f'{unknown[0][:60]!r} is not known' if unknown else 'at least one is needed'}")
    found = matching(session, kind, criteria)
    if len(found) > 1:
        raise PreconditionFailed(f"{len(found)} resources of type {kind} fit the criteria; one is needed")
    return current_or_why_not(session, kind, found[0].head.fhir_id) if found else None


def _must_be_new(request: FhirRequest) -> bool:
    return request.headers.get("if-none-match", "").strip() == "*"


# ------------------------------------------------------------------ answer


def _answer(service: Service, request: FhirRequest, kind: str, written: Written) -> Answer:
    stored = written.stored
    url = f"{request.base_url}/{kind}/{stored.fhir_id}/_history/{stored.version_id}"
    headers = {
        "location": url,
        "etag": etag_of_version(stored.version_id),
        "last-modified": http_date(changed_at(stored)),
        "x-last-updated": changed_at(stored),
    }
    status = 201 if written.how == "created" else 200
    preferred = request.preferred("return")
    resource = rendered(service, stored, request.version) if preferred != "minimal" else None
    if preferred == "OperationOutcome" or (preferred is None and isinstance(resource, Streamed)):
        text = f"{kind}/{stored.fhir_id} version {stored.version_id}: {written.how}"
        return Answer(write_outcome([Issue("information", "informational", text)]), status, headers)
    return Answer(resource, status, headers)
