"""What a Usagi save file already decided becomes decisions of the project, so that nobody's work is done twice.

Usagi's status says what happens to a row:

| mappingStatus | becomes |
|---|---|
| APPROVED with a concept | an approved decision (several lines: targets that together say the code) |
| APPROVED without one | an approved "no map" (no-target) |
| IGNORED | an approved "no map" (out-of-scope) |
| FLAGGED, INVALID_TARGET | an open row with a flag |
| UNCHECKED, AUTO_MAPPED, … | an open row; the lines are kept |

The relationship is Usagi's equivalence; UNREVIEWED, which says nothing, is `related-to` (FHIR: the exact relationship
is not known). Every line is kept verbatim and written back as it was, until somebody changes its row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from termserver.audit.record import record
from termserver.model.decision import ChosenTarget, NoMapReason, RowStatus
from termserver.model.person import Person, Role
from termserver.model.project import Progress, Row
from termserver.model.usagi_line import OMOP, UsagiLine
from termserver.store import decisions as decision_store
from termserver.store import people as people_store
from termserver.store import projects as project_store
from termserver.store import rows as row_store
from termserver.store.decisions import ImportedDecision
from termserver.store.engine import Session
from termserver.store.usagi_lines import add_usagi_lines

IMPORTER = "usagi-import"
"""Login of the person in whose name a command on the server imports; it cannot sign in."""
_NO_HASH = "!"  # no argon2 hash: nobody can sign in with it
_BATCH = 1_000


def import_usagi_decisions(
    session: Session, actor: Person | None, project_id: int, lines: Mapping[int, Sequence[UsagiLine]]
) -> None:
    """Keep the lines and make decisions of them, in the caller's transaction.

    Parameters
    ----------
    lines
        `SourceRow.line` → the row's lines.
    """
    person = _importer(session) if actor is None else actor
    delta, flagged, no_map = Progress(), 0, 0
    for batch in row_store.stream_row_batches(session, project_id, size=_BATCH):
        kept = {row.id: lines[row.line] for row in batch if row.line in lines}
        add_usagi_lines(session, kept)
        decided = [found for row in batch if (found := _decision(row, kept.get(row.id, ()))) is not None]
        decision_store.add_imported_decisions(session, project_id, person.id, decided)
        to_flag = [row.id for row in batch if _asks_for_a_look(kept.get(row.id, ()))]
        row_store.flag_rows(session, to_flag)
        weights = {row.id: max(row.frequency or 0, 0) for row in batch}
        weight = sum(weights[item.row_id] for item in decided)
        flagged += len(to_flag)
        no_map += sum(item.no_map_reason is not None for item in decided)
        delta = Progress(
            decided=delta.decided + len(decided),
            approved=delta.approved + len(decided),
            flagged=flagged,
            decided_frequency=delta.decided_frequency + weight,
            approved_frequency=delta.approved_frequency + weight,
        )
    project_store.add_to_progress(session, project_id, delta)
    record(
        session,
        actor,
        "project.import-decisions",
        "project",
        project_id,
        project_id=project_id,
        format="usagi",
        approved=delta.approved,
        no_map=no_map,
        flagged=flagged,
    )


def _decision(row: Row, lines: Sequence[UsagiLine]) -> ImportedDecision | None:
    own = [
        line for line in lines if line.cells.get("sourceName", row.term) == lines[0].cells.get("sourceName", row.term)
    ]
    if not own or any(line.status not in {"APPROVED", "IGNORED"} for line in own):
        return None
    first = own[0]
    targets = {
        line.concept_id: ChosenTarget(
            OMOP,
            str(line.concept_id),
            line.cells.get("conceptName", ""),
            line.relationship,
        )
        for line in own
        if line.concept_id and line.status == "APPROVED"
    }
    reason = None if targets else NoMapReason.OUT_OF_SCOPE if first.status == "IGNORED" else NoMapReason.NO_TARGET
    return ImportedDecision(
        row_id=row.id,
        decided_at=_moment(first.decided_at_ms),
        targets=tuple(targets.values()),
        no_map_reason=reason,
        combination="and" if len(targets) > 1 else "or",
        comment=first.cells.get("comment") or None,
        status=RowStatus.APPROVED,
    )


def _asks_for_a_look(lines: Sequence[UsagiLine]) -> bool:
    return any(line.status in {"FLAGGED", "INVALID_TARGET"} for line in lines)


def _moment(milliseconds: int) -> str | None:
    """ISO 8601 with milliseconds; None where the file says none or a moment no calendar has."""
    if not 0 < milliseconds < 4_102_444_800_000:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _importer(session: Session) -> Person:
    found = people_store.find_person(session, IMPORTER)
    if found is not None:
        return found
    return people_store.add_person(
        session, login=IMPORTER, name="Usagi import", role=Role.VIEWER, password_hash=_NO_HASH, active=False
    )
