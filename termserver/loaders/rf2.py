"""Read a SNOMED CT release (RF2 snapshot, folder or zip) as a code system.

Display: the preferred synonym of the language reference set; designations: every active description, with its places
in language reference sets; former designations: the inactive ones; parents: active inferred is-a; properties: attributes
and concrete values with their role group (code of the type), historical associations (code of the reference set),
membership of simple reference sets, module, effective time, definition status, semantic tag, identifiers of other
schemes; members: every row of every reference set that refers to a concept, but OWL axioms.

Memory: bounded by `SortedRows` (some 150,000 rows a file kind), whatever the size of the release; the rest waits in
temporary files. The international release (360,000 active concepts) takes some minutes.

Source: SNOMED CT Release File Specifications 2025; FHIR R5 "Using SNOMED CT with HL7 Standards" (property names).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from termserver.errors import BadFile
from termserver.loaders.release_files import ReleaseFile, list_release
from termserver.loaders.rf2_concept import (
    SNOMED_URL,
    Rf2Description,
    concept_from_rows,
)
from termserver.loaders.rf2_refsets import collect_identifiers, collect_members, is_reference_set, member_from_row
from termserver.loaders.rf2_rows import note_problem, read_rows
from termserver.loaders.sorted_rows import Groups, SortedRows
from termserver.loaders.source import LoadedCodeSystem
from termserver.model.code_system import CodeSystem, Concept, PropertyDefinition
from termserver.model.coding import DescriptionDetails

IS_A = "116680003"
_INFERRED = {"900000000000011006", "900000000000010007"}  # inferred; stated where nothing else is delivered
_PREFERRED = "900000000000548007"
_ENGLISH_REFSETS = ("900000000000509007", "900000000000508004")  # US, GB
_EDITIONS = {
    "900000000000207008": "International Edition",
    "45991000052106": "Swedish Edition",
    "554471000005108": "Danish Edition",
    "51000202101": "Norwegian Edition",
    "11000181102": "Estonian Edition",
    "731000124108": "US Edition",
}
_CORE_MODULES = {"900000000000012004", "900000000000207008", "449080006"}
_FILE = re.compile(r"^x?(?:sct2|der2)_(?P<kind>.+?)_?Snapshot.*_(?P<date>\d{8})\.txt$")

_PROPERTIES = (
    PropertyDefinition("effectiveTime", "string", description="Date of the concept's last change, YYYYMMDD"),
    PropertyDefinition("moduleId", "code", description="Module the concept belongs to"),
    PropertyDefinition("sufficientlyDefined", "boolean", description="Whether its definition is sufficient"),
    PropertyDefinition("inactive", "boolean", uri="http://hl7.org/fhir/concept-properties#inactive"),
    PropertyDefinition("inactivationReason", "code", description="Why the concept is inactive"),
    PropertyDefinition("semanticTag", "string", description="Tag at the end of the fully specified name"),
    PropertyDefinition("memberOf", "code", description="Simple reference set the concept is a member of"),
)


@dataclass(frozen=True, slots=True)
class Rf2Files:
    """The snapshot files that are read, by kind."""

    date: str
    concepts: tuple[ReleaseFile, ...]
    descriptions: tuple[ReleaseFile, ...]
    languages: tuple[ReleaseFile, ...]
    relationships: tuple[ReleaseFile, ...]
    concrete_values: tuple[ReleaseFile, ...]
    associations: tuple[ReleaseFile, ...]
    simple_refsets: tuple[ReleaseFile, ...]
    reference_sets: tuple[ReleaseFile, ...]
    identifiers: tuple[ReleaseFile, ...]
    module_dependencies: tuple[ReleaseFile, ...]
    is_extract: bool


def find_rf2_files(path: Path) -> Rf2Files | None:
    """Recognise an RF2 release by its file names; None where there is no concept snapshot."""
    files = list_release(path)
    by_kind: dict[str, list[ReleaseFile]] = {}
    dates: list[str] = []
    for file in files:
        match = _FILE.match(file.base_name)
        if match:
            by_kind.setdefault(match["kind"].lower(), []).append(file)
            dates.append(match["date"])

    def of_kind(*kinds: str) -> tuple[ReleaseFile, ...]:
        return tuple(file for kind in kinds for file in by_kind.get(kind, []))

    concepts = of_kind("concept")
    if not concepts:
        return None
    readme = next((file for file in files if file.base_name.lower().startswith("readme")), None)
    return Rf2Files(
        date=max(dates),
        concepts=concepts,
        descriptions=of_kind("description", "textdefinition"),
        languages=of_kind("crefset_language"),
        relationships=of_kind("relationship"),
        concrete_values=of_kind("relationshipconcretevalues"),
        associations=of_kind("crefset_association"),
        simple_refsets=of_kind("refset_simple"),
        reference_sets=tuple(file for kind in sorted(by_kind) if is_reference_set(kind) for file in by_kind[kind]),
        identifiers=of_kind("identifier"),
        module_dependencies=of_kind("ssrefset_moduledependency"),
        is_extract=readme is not None and _says_subset(readme),
    )


def read_rf2(path: Path, *, version: str | None = None, name: str | None = None) -> LoadedCodeSystem:
    """Read an RF2 snapshot.

    Parameters
    ----------
    path
        Folder or zip of a release; only its Snapshot files are read.
    version
        Version URI; by default `http://snomed.info/sct/<module>/version/<date>`, with `xsct` for an extract.

    Returns
    -------
    A stream of concepts by ascending code. Every row of the concept file is either a concept or refused.

    Raises
    ------
    BadFile
        If there is no concept snapshot, or a file's columns are not those of RF2.
    """
    name = name or path.name
    files = find_rf2_files(path)
    if files is None:
        raise BadFile(
            "there is no RF2 snapshot (sct2_Concept_Snapshot_….txt) in it; give the folder of a release", file=name
        )
    module = _edition_module(files)
    edition = _EDITIONS.get(module, f"edition {module}")
    header = CodeSystem(
        url=SNOMED_URL,
        version=version or f"http://snomed.info/{'xsct' if files.is_extract else 'sct'}/{module}/version/{files.date}",
        name="SNOMED_CT",
        title=f"SNOMED CT {edition} {files.date}" if not files.is_extract else f"SNOMED CT extract {files.date}",
        language="en",
        hierarchy_meaning="is-a",
        publisher="SNOMED International",
        copyright="This material includes SNOMED Clinical Terms® (SNOMED CT®), © International Health Terminology Standards "
        "Development Organisation (IHTSDO). Its use is licensed by SNOMED International or a national centre.",
        licence="LicenseRef-SNOMED-CT-Affiliate",
        date=f"{files.date[:4]}-{files.date[4:6]}-{files.date[6:]}",
        value_set=f"{SNOMED_URL}?fhir_vs",
        properties=_PROPERTIES,
        aliases=("urn:oid:2.16.840.1.113883.6.96",),
    )
    loaded = LoadedCodeSystem(header=header, concepts=iter(()), file_name=name)
    loaded.concepts = _read_concepts(files, loaded)
    return loaded


def _read_concepts(files: Rf2Files, loaded: LoadedCodeSystem) -> Iterator[Concept]:
    with ExitStack() as stack:
        concepts, links = stack.enter_context(SortedRows()), stack.enter_context(SortedRows())
        descriptions, members = stack.enter_context(SortedRows()), stack.enter_context(SortedRows())
        for file in files.concepts:
            for line, row in read_rows(file, 5, loaded):
                concepts.add((row[0], str(line), *row[1:5]))
                loaded.expected = (loaded.expected or 0) + 1
        _sort_descriptions(files, descriptions, loaded)
        _collect_links(files, links, loaded)
        collect_members(files.reference_sets, members, loaded)
        names, linked, listed = Groups(descriptions), Groups(links), Groups(members)
        for code, rows in concepts.groups():
            loaded.counts.rows += len(rows)
            for repeated in rows[1:]:
                loaded.counts.refused += 1
                note_problem(
                    loaded,
                    int(repeated[1]),
                    "id",
                    code,
                    "error",
                    "duplicate-code",
                    "the concept stands twice; the first is kept",
                )
            own = [_description(fields) for fields in names.of(code)]
            if not any(one.active for one in own):
                note_problem(
                    loaded,
                    int(rows[0][1]),
                    "id",
                    code,
                    "warning",
                    "no-description",
                    "the concept has no active description",
                )
            belonging = tuple(member_from_row(fields) for fields in listed.of(code))
            yield concept_from_rows(rows[0], own, linked.of(code), belonging)
        if names.skipped or linked.skipped:
            note_problem(
                loaded, None, "conceptId", None, "warning", "unknown-concept",
                f"{names.skipped:,} descriptions and {linked.skipped:,} relationships name concepts that are not in the release",
            )  # fmt: skip


def _sort_descriptions(files: Rf2Files, by_concept: SortedRows, loaded: LoadedCodeSystem) -> None:
    """Join descriptions with the language reference sets (by description), then sort them by concept.

    A row is (concept, rank, language, kind, term, active, identifier, module, time, `refset:acceptability …`).
    """
    with SortedRows() as by_description, SortedRows() as places:
        for file in files.descriptions:
            for _, row in read_rows(file, 9, loaded):
                by_description.add((row[0], row[4], row[5], row[6], row[7], row[2], row[3], row[1]))
        for file in files.languages:
            for _, row in read_rows(file, 7, loaded):
                if row[2] == "1":
                    places.add((row[5], row[4], row[6]))
        placed = Groups(places)
        for description_id, rows in by_description.groups():
            own = placed.of(description_id)
            _, concept, language, kind, term, active, module, time = rows[0]
            dialects = " ".join(f"{refset}:{acceptability}" for _, refset, acceptability in own)
            by_concept.add((concept, _rank(own), language, kind, term, active, description_id, module, time, dialects))


def _rank(places: Sequence[Sequence[str]]) -> str:
    """How much a description is the one to show: see `Rf2Description`."""
    preferred = {refset for _, refset, acceptability in places if acceptability == _PREFERRED}
    for place, refset in enumerate(_ENGLISH_REFSETS):
        if refset in preferred:
            return str(place)
    return "8" if preferred else "9"


def _collect_links(files: Rf2Files, links: SortedRows, loaded: LoadedCodeSystem) -> None:
    """Everything that hangs on a concept, as rows (concept, sort of link, type, value, role group)."""
    for file in files.relationships:
        for _, row in read_rows(file, 10, loaded):
            if row[2] == "1" and row[8] in _INFERRED:
                links.add((row[4], "parent" if row[7] == IS_A else "attribute", row[7], row[5], row[6]))
    for file in files.concrete_values:
        for _, row in read_rows(file, 10, loaded):
            if row[2] == "1" and row[8] in _INFERRED:
                links.add((row[4], "value", row[7], row[5], row[6]))
    for file in files.associations:
        for _, row in read_rows(file, 7, loaded):
            if row[2] == "1":
                links.add((row[5], "association", row[4], row[6], ""))
    for file in files.simple_refsets:
        for _, row in read_rows(file, 6, loaded):
            if row[2] == "1":
                links.add((row[5], "member", "memberOf", row[4], ""))
    collect_identifiers(files.identifiers, links, loaded)


def _description(fields: Sequence[str]) -> Rf2Description:
    _, rank, language, kind, term, active, number, module, time, dialects = fields
    places = tuple((place.partition(":")[0], place.partition(":")[2]) for place in dialects.split())
    details = DescriptionDetails(number, module, time, places)
    return Rf2Description(term, language, kind, int(rank), active == "1", details)


def _edition_module(files: Rf2Files) -> str:
    """The module that depends on others and on which no other depends; the module of most concepts where none is told."""
    depending: dict[str, set[str]] = {}
    scratch = LoadedCodeSystem(CodeSystem("", "", ""), iter(()))
    for file in files.module_dependencies:
        for _, row in read_rows(file, 8, scratch):
            if row[2] == "1" and row[3] != row[5]:
                depending.setdefault(row[3], set()).add(row[5])
    needed = {module for modules in depending.values() for module in modules}
    tops = sorted(set(depending) - needed - (_CORE_MODULES - {"900000000000207008"}))
    known = [module for module in tops if module in _EDITIONS]
    if known or tops:
        return (known or tops)[0]
    return "900000000000207008"


def _says_subset(readme: ReleaseFile) -> bool:
    with readme.open() as file:
        return "subset of snomed" in file.read(4000).lower()
