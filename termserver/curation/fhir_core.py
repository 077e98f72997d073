"""FHIR's own terminology into the store: the few enumerations that are always there, and whole FHIR packages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from termserver.audit.record import record
from termserver.errors import BadInput, Conflict
from termserver.fhir.code_system import read_code_system
from termserver.fhir.elements import Json
from termserver.fhir.naming_system import read_naming_system
from termserver.fhir.value_set import read_value_set
from termserver.fhir.versions import FhirVersion
from termserver.loaders.enumerations import read_enumerations
from termserver.store.code_systems import add_code_system, list_code_systems, remove_code_system
from termserver.store.engine import Database, Session
from termserver.store.naming_systems import add_naming_system, list_naming_systems
from termserver.store.value_sets import add_value_set, get_value_set, list_value_set_heads, remove_value_set

ENUMERATIONS = "fhir-enumerations"
"""Recipe of the enumerations; a package's fuller version of the same content takes their place."""
FHIR_CORE = "fhir-core"
FHIRS_OWN = frozenset((ENUMERATIONS, FHIR_CORE))
"""Recipes of what belongs to FHIR itself rather than to a project's targets."""
_NO_LIST = ("not-present", "supplement")
_ALWAYS_THERE = "http://hl7.org/fhir/administrative-gender"


@dataclass(slots=True)
class PackageCounts:
    """What became of a package's resources; `faults` are those that could not be read, with the reason."""

    code_systems: int = 0
    concepts: int = 0
    value_sets: int = 0
    naming_systems: int = 0
    known: int = 0
    without_list: int = 0
    faults: list[str] = field(default_factory=list)


def store_enumerations(database: Database) -> int:
    """Store the enumerations if FHIR's terminology is not there at all.

    Of several servers that start at once on one database, one stores them and the others find them there.

    Returns
    -------
    Number of code system versions stored, 0 if there was nothing to do.
    """
    with database.session() as session:
        if list_code_systems(session, url=_ALWAYS_THERE):
            return 0
    count = 0
    try:
        with database.session(write=True) as session:
            for one in read_enumerations():
                add_code_system(session, one.header, one.concepts, recipe=ENUMERATIONS)
                if one.value_set is not None:
                    add_value_set(session, one.value_set)
                count += 1
            record(session, None, "fhir-core.load", "package", ENUMERATIONS, code_systems=count)
    except Conflict:
        with database.session() as session:
            if not list_code_systems(session, url=_ALWAYS_THERE):
                raise
        return 0
    return count


def has_packages(database: Database) -> bool:
    """True if `fhir-core` is loaded, and not only the enumerations."""
    with database.session() as session:
        return any(stored.recipe == FHIR_CORE for stored in list_code_systems(session, url=_ALWAYS_THERE))


def store_package(session: Session, name: str, resources: Iterable[Json], release: str) -> PackageCounts:
    """Store the code systems, value sets and naming systems of a FHIR package.

    What is stored already in the same version stays as it is, but for the enumerations, which a package's fuller
    content replaces. A resource with a fault is left out and named; code systems without a list of codes are left out.

    Parameters
    ----------
    name
        Name of the package, for the audit log and as the code systems' recipe.
    release
        FHIR release of the resources' JSON.
    """
    counts = PackageCounts()
    shelf = _Shelf(session, name)
    version = next((one for one in FhirVersion if one.number == release), FhirVersion.R4)
    for resource in resources:
        lean = {key: value for key, value in resource.items() if key not in ("text", "meta")}
        try:
            if lean["resourceType"] == "ValueSet":
                shelf.add_value_set(lean, version, counts)
            elif lean["resourceType"] == "NamingSystem":
                shelf.add_naming_system(lean, version, counts)
            elif lean.get("content") in _NO_LIST or not lean.get("concept"):
                counts.without_list += 1
            else:
                shelf.add_code_system(lean, version, counts)
        except (BadInput, Conflict) as error:
            counts.faults.append(f"{lean.get('url') or lean.get('id')}: {error.message}")
    stored = Counter(code_systems=counts.code_systems, concepts=counts.concepts, value_sets=counts.value_sets)
    record(session, None, "fhir-core.load", "package", name, **stored)
    return counts


class _Shelf:
    """What is stored already, by canonical; and the storing of one more."""

    def __init__(self, session: Session, recipe: str) -> None:
        self._session = session
        self._recipe = recipe
        self._code_systems = {stored.header.canonical: stored for stored in list_code_systems(session)}
        self._value_sets = {f"{head.url}|{head.version}": head.id for head in list_value_set_heads(session)}
        self._naming_systems = {stored.naming_system.unique_ids for stored in list_naming_systems(session)}
        self._enumerated = {
            f"{stored.header.value_set}|{stored.header.version}"
            for stored in self._code_systems.values()
            if stored.recipe == ENUMERATIONS and stored.header.value_set
        }

    def add_code_system(self, resource: Json, version: FhirVersion, counts: PackageCounts) -> None:
        header, concepts = read_code_system(resource, version)
        known = self._code_systems.get(header.canonical)
        if known is not None and known.recipe != ENUMERATIONS:
            counts.known += 1
            return
        if known is not None:
            remove_code_system(self._session, known.id)
        header = replace(header, aliases=tuple(_oids(resource)), licence="CC0-1.0")
        stored = add_code_system(self._session, header, concepts, recipe=self._recipe)
        self._code_systems[header.canonical] = stored
        counts.code_systems += 1
        counts.concepts += stored.concept_count

    def add_value_set(self, resource: Json, version: FhirVersion, counts: PackageCounts) -> None:
        value_set = read_value_set(resource, version)
        known = self._value_sets.get(value_set.canonical)
        if known is not None and value_set.canonical not in self._enumerated:
            counts.known += 1
            return
        if known is not None:
            if get_value_set(self._session, known) == value_set:
                return
            remove_value_set(self._session, known)
            self._enumerated.discard(value_set.canonical)
        self._value_sets[value_set.canonical] = add_value_set(self._session, value_set).id
        counts.value_sets += 1

    def add_naming_system(self, resource: Json, version: FhirVersion, counts: PackageCounts) -> None:
        """Only those of code systems: their identifiers become aliases."""
        naming_system = read_naming_system(resource, version)
        if naming_system.kind != "codesystem" or naming_system.status == "retired":
            counts.without_list += 1
        elif naming_system.unique_ids in self._naming_systems:
            counts.known += 1
        else:
            add_naming_system(self._session, naming_system)
            self._naming_systems.add(naming_system.unique_ids)
            counts.naming_systems += 1


def _oids(resource: Json) -> list[str]:
    identifiers = resource.get("identifier")
    values = (
        [item.get("value") for item in identifiers if isinstance(item, dict)] if isinstance(identifiers, list) else []
    )
    return [value for value in values if isinstance(value, str) and value.startswith("urn:oid:")]
