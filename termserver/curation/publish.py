"""Publish: approved decisions become an immutable concept map version, with its audit event, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from termserver.audit.record import record
from termserver.curation.quality import RULES, problems
from termserver.errors import BadInput
from termserver.model.concept_map import ConceptMap, MapElement, MapGroup, MapTarget
from termserver.model.decision import Decision, RowStatus
from termserver.model.export_row import ExportRow
from termserver.model.person import Person
from termserver.model.project import Project, Row
from termserver.security.roles import Permission, require
from termserver.store import candidates as candidate_store
from termserver.store import code_systems, concept_maps, projects
from termserver.store import decisions as decision_store
from termserver.store import rows as row_store
from termserver.store.concept_maps import StoredConceptMap
from termserver.store.engine import Session
from termserver.store.fhir_ids import slug
from termserver.store.usagi_lines import usagi_lines_of_rows

_REASON_TEXT = {
    "no-target": "No concept of the target system fits.",
    "too-vague": "The local term is too vague to be mapped.",
    "not-clinical": "The local code is administrative, not clinical.",
    "out-of-scope": "Out of the scope of this map.",
    "error-in-list": "The local code is an error in its list.",
}
_COMBINATION = "combination"


def publish(
    session: Session,
    actor: Person,
    project: Project,
    *,
    version: str,
    waived: Mapping[str, str] | None = None,
) -> StoredConceptMap:
    """Publish the approved decisions as a new version of the project's map.

    Parameters
    ----------
    version
        Of the map; not used before.
    waived
        Rule of `quality.RULES` → why its problems may stand.

    Raises
    ------
    BadInput
        If problems are left whose rule is not waived, no row is approved, or the version cannot be used.
    Conflict
        If the version is published with other content.
    """
    require(session, actor, Permission.PUBLISH, on=project)
    reasons = {rule: reason.strip() for rule, reason in (waived or {}).items() if reason.strip()}
    _check_version(version)
    left: dict[str, int] = {}
    for problem in problems(session, actor, project):
        if problem.rule not in reasons:
            left[problem.rule] = left.get(problem.rule, 0) + 1
    if left:
        listed = "; ".join(f"{count} × {RULES[rule].lower()} ({rule})" for rule, count in left.items())
        raise BadInput(f"Not published: {listed}. Solve them, or waive each rule with a reason.")
    concept_map = _concept_map(session, project, version=version, status="active", only_approved=True)
    if not any(group.elements for group in concept_map.groups):
        raise BadInput("Not published: no decision is approved yet.")
    stored = concept_maps.add_concept_map(session, concept_map)
    projects.set_published_version(session, project.id, version)
    record(
        session,
        actor,
        "map.publish",
        "concept-map",
        stored.fhir_id,
        project_id=project.id,
        url=concept_map.url,
        version=version,
        elements=stored.element_count,
        content_hash=stored.content_hash,
        waived=reasons,
    )
    return stored


def working_map(session: Session, actor: Person | None, project: Project) -> ConceptMap:
    """The map as it stands, all decisions included, as a draft."""
    if actor is not None:
        require(session, actor, Permission.VIEW, on=project)
    return _concept_map(session, project, version="working", status="draft", only_approved=False)


def published_maps(session: Session, actor: Person | None, project: Project) -> list[StoredConceptMap]:
    """The project's published versions, latest first."""
    if actor is not None:
        require(session, actor, Permission.VIEW, on=project)
    return concept_maps.list_concept_maps(session, url=project.map_url)


def export_rows(session: Session, actor: Person | None, project: Project) -> Iterator[ExportRow]:
    """Every row with its decision, in the file's order, for tables of people and Usagi."""
    if actor is not None:
        require(session, actor, Permission.VIEW, on=project)
    for rows in row_store.stream_row_batches(session, project.id, size=1000):
        decisions = decision_store.decisions_of_rows(session, [row.id for row in rows])
        undecided = [row.id for row in rows if row.id not in decisions]
        suggested = candidate_store.best_candidates(session, undecided)
        remarks = candidate_store.remarks_of_rows(session, [row.id for row in rows])
        usagi_lines = usagi_lines_of_rows(session, [row.id for row in rows])
        for row in rows:
            decision = decisions.get(row.id)
            candidate = suggested.get(row.id)
            yield ExportRow(
                source_code=row.code,
                source_name=row.term,
                frequency=row.frequency,
                language=row.language,
                context=row.context,
                targets=() if decision is None else decision.targets,
                status=row.status,
                no_map_reason=None if decision is None else decision.no_map_reason,
                decided_by=None if decision is None else decision.person,
                decided_at=None if decision is None else decision.decided_at,
                reviewer=None if decision is None else decision.reviewer,
                comment=None if decision is None else decision.comment,
                probability=row.best_probability,
                flagged=row.flagged,
                suggestion=candidate,
                combination="or" if decision is None else decision.combination,
                usagi_lines=usagi_lines.get(row.id, ()),
                untouched=row.version == 1,
                remarks=remarks.get(row.id, ()),
            )


def _check_version(version: str) -> None:
    if not version.strip() or "|" in version or any(c.isspace() for c in version) or len(version) > 100:
        raise BadInput("The version of a map is 1 to 100 characters without blanks and |.", expression="version")


def _concept_map(session: Session, project: Project, *, version: str, status: str, only_approved: bool) -> ConceptMap:
    elements: dict[str, list[MapElement]] = {system: [] for system in project.target_systems}
    combined = False
    for rows in row_store.stream_row_batches(session, project.id, size=1000):
        decisions = decision_store.decisions_of_rows(session, [row.id for row in rows])
        for row in rows:
            decision = decisions.get(row.id)
            if decision is None or row.status is RowStatus.REJECTED:
                continue
            if only_approved and row.status is not RowStatus.APPROVED:
                continue
            combined |= decision.combination == "and"
            for system, element in _elements(row, decision, project):
                elements.setdefault(system, []).append(element)
    groups = []
    for system, found in elements.items():
        if found:
            stored = code_systems.find_code_system(session, system)
            groups.append(
                MapGroup(
                    source=project.source_url,
                    source_version=project.source_version,
                    target=system,
                    target_version=None if stored is None else stored.header.version,
                    elements=tuple(found),
                )
            )
    other: dict[str, object] = {}
    if combined:
        other["property"] = [
            {
                "code": _COMBINATION,
                "uri": "https://termserver.example/property/combination",
                "description": "and: the targets of a code say it together; or: each of them alone",
                "type": "string",
            }
        ]
    return ConceptMap(
        url=project.map_url,
        version=version,
        name=_computer_name(project.slug),
        title=project.title,
        status=status,
        date=datetime.now(UTC).date().isoformat(),
        copyright=project.copyright,
        groups=tuple(groups),
        other=other,
    )


def _elements(row: Row, decision: Decision, project: Project) -> Iterator[tuple[str, MapElement]]:
    if decision.no_map_reason is not None:
        reason = _REASON_TEXT[decision.no_map_reason.value]
        comment = reason if decision.comment is None else f"{reason} {decision.comment}"
        for system in project.target_systems:
            yield system, MapElement(row.code, row.term, no_map=True, comment=comment)
        return
    by_system: dict[str, list[MapTarget]] = {}
    for target in decision.targets:
        by_system.setdefault(target.system, []).append(
            MapTarget(
                code=target.code,
                relationship=target.relationship,
                display=target.display,
                comment=decision.comment,
                properties=((_COMBINATION, "and"),) if decision.combination == "and" else (),
            )
        )
    for system, targets in by_system.items():
        yield system, MapElement(row.code, row.term, targets=tuple(targets))


def _computer_name(text: str) -> str:
    """A FHIR `name`: letters, digits and _ (invariant cnl-0)."""
    words = slug(text).replace(".", "-").split("-")
    return "Map" + "".join(word[:1].upper() + word[1:] for word in words)
