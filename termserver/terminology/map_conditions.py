"""What lets a match be part of an answer: the value sets of a request, its dependencies.

Sources: `ConceptMap-operation-translate` of R4 (`source`, `target`, `dependency`) and R5 (`sourceScope`,
`targetScope`: source and target codes must be members of the value set).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from termserver.fhir.concept_map import declarations_of
from termserver.fhir.elements import split_canonical
from termserver.fhir.map_group_writer import quantity_text
from termserver.model.coding import Coding
from termserver.model.concept_map import ConceptMap, Dependency, DependencyValue, MapTarget
from termserver.model.decimals import DecimalText
from termserver.model.requests import TranslateRequest
from termserver.terminology.map_surroundings import MapSurroundings


@dataclass(frozen=True, slots=True)
class Scope:
    """A value set to which a request limits the source or the target codes; or none.

    Parameters
    ----------
    wanted
        Its canonical, or None for any code.
    is_declared
        True if the map says that it is made for this value set. Then its codes are taken to be members where the
        value set itself is not known.
    problem
        Why the map cannot serve the request.
    """

    wanted: str | None
    is_declared: bool
    problem: str | None
    surroundings: MapSurroundings

    def holds(self, coding: Coding) -> bool:
        """True if the code may be part of the answer."""
        if self.wanted is None:
            return True
        held = self.surroundings.value_set_holds(self.wanted, coding)
        return self.is_declared if held is None else held


def scopes_of(request: TranslateRequest, head: ConceptMap, surroundings: MapSurroundings) -> tuple[Scope, Scope]:
    """The scopes of source and target that a request sets for a map."""
    return (
        _scope(request.source_scope, _declared(head, head.source_scope), head, surroundings),
        _scope(request.target_scope, _declared(head, head.target_scope), head, surroundings),
    )


def _declared(head: ConceptMap, reference: str | None) -> str | None:
    """The canonical of a value set that the map names; `#id` is one that it contains."""
    if reference is None or not reference.startswith("#"):
        return reference
    contained = head.other.get("contained")
    for item in contained if isinstance(contained, list) else ():
        if isinstance(item, dict) and f"#{item.get('id')}" == reference and isinstance(item.get("url"), str):
            version = item.get("version")
            return f"{item['url']}|{version}" if isinstance(version, str) else str(item["url"])
    return reference


def _scope(wanted: str | None, declared: str | None, head: ConceptMap, surroundings: MapSurroundings) -> Scope:
    if not wanted:
        return Scope(None, False, None, surroundings)
    is_declared = declared is not None and _same_canonical(wanted, declared)
    problem = None
    if not is_declared and not surroundings.knows_value_set(wanted):
        problem = f"The value set {wanted} is not known here, and the concept map {head.canonical} is not made for it"
    return Scope(wanted, is_declared, problem, surroundings)


def _same_canonical(wanted: str, declared: str) -> bool:
    (url, version), (own_url, own_version) = split_canonical(wanted), split_canonical(declared)
    return url == own_url and not (version and own_version and version != own_version)


# ------------------------------------------------------------------ dependencies, products, properties


def resolved(dependencies: tuple[Dependency, ...], head: ConceptMap) -> tuple[Dependency, ...]:
    """With the attribute's uri in place of the code that the map declares for it."""
    if not dependencies:
        return ()
    uris = declarations_of(head).uri_of_attribute
    return tuple(replace(item, attribute=uris.get(item.attribute, item.attribute)) for item in dependencies)


def property_uris(target: MapTarget, head: ConceptMap) -> tuple[tuple[str, DependencyValue], ...]:
    """The target's properties, with the uri in place of the code that the map declares for it, of the type that it declares."""
    if not target.properties:
        return ()
    listed = head.other.get("property")
    declared = {
        item.get("code"): item for item in (listed if isinstance(listed, list) else ()) if isinstance(item, dict)
    }
    found: list[tuple[str, DependencyValue]] = []
    for code, value in target.properties:
        own = declared.get(code, {})
        is_whole_decimal = own.get("type") == "decimal" and isinstance(value, int) and not isinstance(value, bool)
        found.append((own.get("uri") or code, DecimalText(str(value)) if is_whole_decimal else value))
    return tuple(found)


def dependencies_allow(
    request: TranslateRequest,
    by_code: tuple[Dependency, ...],
    by_uri: tuple[Dependency, ...],
    surroundings: MapSurroundings,
) -> bool:
    """False if a dependency was given with another value; one that was not given stays open, and is shown."""
    for coded, declared in zip(by_code, by_uri, strict=True):
        given = [
            value
            for attribute, values in request.dependencies
            if attribute in (coded.attribute, declared.attribute)
            for value in values
        ]
        if given and not any(_same_value(value, declared, surroundings) for value in given):
            return False
    return True


def _same_value(given: DependencyValue, wanted: Dependency, surroundings: MapSurroundings) -> bool:
    quantity = (wanted.other or {}).get("valueQuantity")
    if isinstance(quantity, dict):
        return given == quantity_text(quantity)
    if wanted.value is not None:
        return _same_plain(given, wanted.value, surroundings)
    if not wanted.value_set:
        return False
    if isinstance(given, Coding) and given.system:
        return surroundings.value_set_holds(wanted.value_set, given) is not False
    codes = surroundings.codes_of_value_set(wanted.value_set)
    return codes is None or any(_same_plain(given, code, surroundings) for code in codes)


def _same_plain(given: DependencyValue, own: DependencyValue, surroundings: MapSurroundings) -> bool:
    if isinstance(given, Coding) and isinstance(own, Coding):
        same_system = (
            not given.system
            or not own.system
            or (surroundings.canonical_system(given.system) == surroundings.canonical_system(own.system))
        )
        return same_system and given.code == own.code
    texts = [value.code if isinstance(value, Coding) else value for value in (given, own)]
    return texts[0] == texts[1] or str(texts[0]).lower() == str(texts[1]).lower()
