"""NamingSystem/$preferred-id: another identifier of the same system. Source: FHIR R4 and R5 NamingSystem-preferred-id."""

from __future__ import annotations

from termserver.errors import BadInput, NotFound
from termserver.fhir.elements import Json
from termserver.fhir.parameters import parameter
from termserver.model.naming_system import UniqueId
from termserver.rest.request import FhirRequest
from termserver.store.naming_systems import list_naming_systems
from termserver.terminology.service import Terminology

_TYPES = ("oid", "uuid", "uri", "other")


def preferred_id(terminology: Terminology, request: FhirRequest, resource_id: str | None) -> Json:
    """The identifier of the wanted type of the system that `id` is an identifier of.

    Raises
    ------
    BadInput
        If a parameter is missing, or the type is none.
    NotFound
        If nothing here has that identifier, or it has none of that type.
    """
    parameters = request.parameters()
    given, wanted = parameters.text("id"), parameters.text("type")
    if given is None:
        raise BadInput("Parameter 'id': is missing", expression="id")
    if wanted not in _TYPES:
        raise BadInput(f"Parameter 'type': must be one of {', '.join(_TYPES)}", expression="type")
    with terminology.session() as session:
        systems = [stored.naming_system.unique_ids for stored in list_naming_systems(session)]
    found = [item for ids in systems if any(_names(one, given) for one in ids) for item in ids if item.kind == wanted]
    if not found:
        raise NotFound(f"No naming system here has '{given[:200]}' and an identifier of type {wanted}", expression="id")
    best = next((item for item in found if item.preferred), found[0])
    return {"resourceType": "Parameters", "parameter": [parameter("result", "String", best.value)]}


def _names(identifier: UniqueId, given: str) -> bool:
    return given in (identifier.value, identifier.uri)
