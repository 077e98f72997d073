"""ConceptMap/$changes, an operation of this server: which source codes two versions of a map answer differently.

In: `url`, `from` (a version), `to` (a version; the one in force if absent), `kind` (repeatable), `count`, `offset`.
Out: the versions and
hashes of both, the counts, notes, and a `change` for each source code of the page.
"""

from __future__ import annotations

from termserver.errors import BadInput
from termserver.fhir.elements import Json, split_canonical
from termserver.fhir.parameters import ParameterList, parameter
from termserver.model.concept_map import MapElement
from termserver.model.map_changes import ChangeKind, ElementChange, MapChanges, MapChangesRequest

_MOST_LISTED = 1_000


def read_changes(parameters: ParameterList, canonical: str | None = None) -> MapChangesRequest:
    """The request.

    Parameters
    ----------
    canonical
        At instance level: `url|version` of the map, which is the newer of both.

    Raises
    ------
    BadInput
        If a parameter is missing or wrong.
    """
    url, own_version = split_canonical(canonical or parameters.text("url") or "")
    if not url:
        raise BadInput("Parameter 'url': which concept map?", expression="url")
    old = parameters.text("from")
    if old is None:
        raise BadInput("Parameter 'from': from which version? The one that is compared with", expression="from")
    count = parameters.number("count", "_count")
    return MapChangesRequest(
        url,
        old,
        parameters.text("to") or own_version,
        tuple(map(_kind, parameters.texts("kind"))),
        parameters.number("offset") or 0,
        min(_MOST_LISTED, 100 if count is None else count),
    )


def _kind(text: str) -> ChangeKind:
    try:
        return ChangeKind(text)
    except ValueError:
        known = ", ".join(ChangeKind)
        raise BadInput(f"Parameter 'kind': '{text}' is none of {known}", expression="kind") from None


def write_changes(changes: MapChanges) -> Json:
    """The answer as a Parameters resource."""
    listed = [
        parameter("from", "Canonical", changes.old),
        parameter("fromHash", "String", f"sha256:{changes.old_hash}"),
        parameter("to", "Canonical", changes.new),
        parameter("toHash", "String", f"sha256:{changes.new_hash}"),
    ]
    listed += [parameter(kind.value, "Integer", count) for kind, count in changes.counts.items()]
    listed.append(parameter("unchanged", "Integer", changes.unchanged))
    listed += [parameter("note", "String", note) for note in changes.notes]
    listed += [_write_change(change) for change in changes.changes]
    return {"resourceType": "Parameters", "parameter": listed}


def _write_change(change: ElementChange) -> Json:
    parts: list[Json] = [parameter("kind", "Code", change.kind.value)]
    if change.source_system:
        parts.append(parameter("sourceSystem", "Uri", change.source_system))
    parts.append(parameter("sourceCode", "Code", change.code))
    if change.target_system:
        parts.append(parameter("targetSystem", "Uri", change.target_system))
    for name, elements in (("before", change.before), ("after", change.after)):
        parts += [_write_element(name, element) for element in elements]
    return {"name": "change", "part": parts}


def _write_element(name: str, element: MapElement) -> Json:
    parts: list[Json] = []
    if element.display:
        parts.append(parameter("display", "String", element.display))
    if element.no_map:
        parts.append(parameter("noMap", "Boolean", True))
    if element.comment:
        parts.append(parameter("comment", "String", element.comment))
    for target in element.targets:
        said = [parameter("code", "Code", target.code)] if target.code else []
        said += [parameter("valueSet", "Canonical", target.value_set)] if target.value_set else []
        said += [parameter("display", "String", target.display)] if target.display else []
        said.append(parameter("relationship", "Code", target.relationship.value))
        said += [parameter("comment", "String", target.comment)] if target.comment else []
        parts.append({"name": "target", "part": said})
    return {"name": name, "part": parts or [parameter("noTarget", "Boolean", True)]}
