"""Rows of source lists: stored in bulk, listed by keyset, changed under an optimistic lock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Select, func, insert, or_, select, tuple_, update
from sqlalchemy.orm import Session

from termserver.model.coding import Designation
from termserver.model.decision import RowStatus
from termserver.model.folding import fold
from termserver.model.project import Row
from termserver.model.source_list import SourceRow
from termserver.store.json_text import from_text, to_text
from termserver.store.tables import PersonTable, SourceRowTable

_BATCH = 1_000


def fold_row(text: str) -> str:
    """A row's text as filters compare it: folded, single blanks, at most 300 characters.

    >>> fold_row("Förmaksflimmer  ÆØÅ")
    'formaksflimmer aeoa'
    """
    return " ".join(fold(text).split())[:300]


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which rows of a queue.

    Parameters
    ----------
    min_probability, max_probability
        Band of the best candidate's probability, 0 to 1: min ≤ p < max (p ≤ 1 where max is 1 or None).
    candidates
        `none`, `some`, or None for both.
    text
        Words that all must occur in term or code, without regard to case and diacritics.
    order
        `frequency` (largest first), `line` (as in the file), `probability` (surest first), `doubt` (least sure first).
    """

    status: tuple[RowStatus, ...] = ()
    language: str | None = None
    min_probability: float | None = None
    max_probability: float | None = None
    min_frequency: int | None = None
    assignee: str | None = None
    flagged: bool | None = None
    text: str | None = None
    candidates: str | None = None
    order: str = "frequency"


def add_rows(session: Session, project_id: int, rows: Iterable[SourceRow]) -> tuple[int, int]:
    """Store rows in batches; returns (number of rows, sum of frequencies)."""
    stream, count, frequency = iter(rows), 0, 0
    while batch := list(islice(stream, _BATCH)):
        session.execute(
            insert(SourceRowTable),
            [
                {
                    "project_id": project_id,
                    "line": row.line,
                    "code": row.code,
                    "term": row.term,
                    "folded": fold_row(row.term),
                    "language": row.language,
                    "frequency": row.frequency,
                    "weight": max(row.frequency or 0, 0),
                    "context": to_text(dict(row.context)),
                    "other_terms": to_text(row.other_terms),
                    "status": RowStatus.OPEN.value,
                    "flagged": False,
                    "version": 1,
                    "candidate_count": 0,
                    "comment_count": 0,
                }
                for row in batch
            ],
        )
        count += len(batch)
        frequency += sum(max(row.frequency or 0, 0) for row in batch)
    return count, frequency


def row_from_table(row: SourceRowTable, assignee: str | None = None) -> Row:
    """The model's row, without candidates and decision."""
    return Row(
        id=row.id,
        project_id=row.project_id,
        line=row.line,
        code=row.code,
        term=row.term,
        language=row.language,
        frequency=row.frequency,
        context=from_text(dict[str, str], row.context),
        other_terms=from_text(tuple[Designation, ...], row.other_terms),
        status=RowStatus(row.status),
        flagged=row.flagged,
        version=row.version,
        best_probability=row.best_probability,
        candidate_count=row.candidate_count,
        assignee=assignee,
        comment_count=row.comment_count,
    )


def _filtered(project_id: int, row_filter: RowFilter) -> Select[SourceRowTable]:
    table = SourceRowTable
    query = select(table).where(table.project_id == project_id)
    if row_filter.status:
        query = query.where(table.status.in_([status.value for status in row_filter.status]))
    if row_filter.language is not None:
        query = query.where(table.language == row_filter.language)
    if row_filter.min_probability is not None:
        query = query.where(table.best_probability >= row_filter.min_probability)
    if row_filter.max_probability is not None and row_filter.max_probability < 1:
        query = query.where(or_(table.best_probability < row_filter.max_probability, table.best_probability.is_(None)))
    if row_filter.min_frequency is not None:
        query = query.where(table.weight >= row_filter.min_frequency)
    if row_filter.assignee is not None:
        query = query.where(
            table.assignee_id
            == select(PersonTable.id).where(PersonTable.login == row_filter.assignee).scalar_subquery()
        )
    if row_filter.flagged is not None:
        query = query.where(table.flagged.is_(row_filter.flagged))
    if row_filter.candidates is not None:
        query = query.where(
            table.candidate_count > 0 if row_filter.candidates == "some" else table.candidate_count == 0
        )
    for word in fold_row(row_filter.text or "").split():
        query = query.where(
            or_(table.folded.contains(word, autoescape=True), func.lower(table.code).contains(word, autoescape=True))
        )
    return query


_ORDERS = {
    "frequency": (SourceRowTable.weight, True),
    "line": (SourceRowTable.line, False),
    "probability": (func.coalesce(SourceRowTable.best_probability, -1.0), True),
    "doubt": (func.coalesce(SourceRowTable.best_probability, -1.0), False),
}


def list_rows(
    session: Session,
    project_id: int,
    row_filter: RowFilter,
    *,
    after: int | None = None,
    limit: int = 50,
    backwards: bool = False,
) -> list[Row]:
    """Rows of a queue, by keyset: those that come after the row numbered `after`, which need not fit the filter."""
    table = SourceRowTable
    key, descending = _ORDERS.get(row_filter.order, _ORDERS["frequency"])
    downwards = descending != backwards
    query = _filtered(project_id, row_filter)
    if after is not None:
        position = session.execute(select(key, table.id).where(table.id == after)).one_or_none()
        if position is not None:
            value, row_id = position
            # ids always rise with the file's order; equal keys go by id, upwards (downwards when walking back)
            by_id = table.id < row_id if backwards else table.id > row_id
            query = query.where(or_(key < value if downwards else key > value, (key == value) & by_id))
    query = query.order_by(
        key.desc() if downwards else key.asc(), table.id.desc() if backwards else table.id.asc()
    ).limit(limit)
    return [row_from_table(row) for row in session.scalars(query.execution_options(populate_existing=True))]


def count_rows(session: Session, project_id: int, row_filter: RowFilter) -> int:
    """How many rows the filter lets through."""
    return session.scalar(select(func.count()).select_from(_filtered(project_id, row_filter).subquery())) or 0


def read_row(session: Session, project_id: int, row_id: int) -> Row | None:
    """One row of this project, as the database has it now."""
    found = session.execute(
        select(SourceRowTable, PersonTable.login)
        .outerjoin(PersonTable, PersonTable.id == SourceRowTable.assignee_id)
        .where(SourceRowTable.id == row_id, SourceRowTable.project_id == project_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    return None if found is None else row_from_table(found[0], found[1])


def read_decision_id(session: Session, row_id: int) -> int | None:
    """Number of the row's decision in force."""
    return session.scalar(select(SourceRowTable.decision_id).where(SourceRowTable.id == row_id))


def change_row(
    session: Session,
    row_id: int,
    version: int,
    *,
    status: RowStatus | None = None,
    flagged: bool | None = None,
    decision_id: int | str | None = "keep",
) -> bool:
    """Change a row if it still has `version`; False, and nothing changed, if somebody was faster."""
    values: dict[str, object] = {"version": SourceRowTable.version + 1}
    if status is not None:
        values["status"] = status.value
    if flagged is not None:
        values["flagged"] = flagged
    if decision_id != "keep":
        values["decision_id"] = decision_id
    changed = session.execute(
        update(SourceRowTable).where(SourceRowTable.id == row_id, SourceRowTable.version == version).values(**values)
    )
    return changed.rowcount == 1  # type: ignore[attr-defined,no-any-return]


def flag_rows(session: Session, row_ids: Sequence[int]) -> None:
    """Flag rows that are being imported; nobody has seen them yet, so their version stays."""
    if row_ids:
        session.execute(update(SourceRowTable), [{"id": row_id, "flagged": True} for row_id in row_ids])


def count_comment(session: Session, row_id: int) -> None:
    """One more comment at the row; its version stays, a comment hurts nobody's decision."""
    session.execute(
        update(SourceRowTable).where(SourceRowTable.id == row_id).values(comment_count=SourceRowTable.comment_count + 1)
    )


def set_assignee(session: Session, row_ids: Sequence[int], person_id: int | None) -> None:
    """Assign rows to a person, or to nobody."""
    session.execute(update(SourceRowTable).where(SourceRowTable.id.in_(row_ids)).values(assignee_id=person_id))


def rows_with_same_start(session: Session, project_id: int, row: Row, *, limit: int) -> list[Row]:
    """Rows whose folded term equals this one's or begins with the same first word; equal terms first."""
    folded = fold_row(row.term)
    table, first = SourceRowTable, folded.split(" ")[0][:12]
    query = (
        select(table)
        .where(
            table.project_id == project_id,
            table.id != row.id,
            or_(table.folded == folded, table.folded.startswith(first, autoescape=True)),
        )
        .order_by((table.folded == folded).desc(), table.weight.desc(), table.id)
        .limit(limit)
    )
    return [row_from_table(found) for found in session.scalars(query)]


def stream_row_batches(session: Session, project_id: int, *, size: int) -> Iterable[list[Row]]:
    """All rows in the file's order, in batches."""
    after = (-1, 0)
    table = SourceRowTable
    while True:
        rows = session.scalars(
            select(table)
            .where(table.project_id == project_id, tuple_(table.line, table.id) > after)
            .order_by(table.line, table.id)
            .limit(size)
            .execution_options(populate_existing=True)
        ).all()
        if not rows:
            return
        yield [row_from_table(row) for row in rows]
        after = (rows[-1].line, rows[-1].id)


def languages_of(session: Session, project_id: int) -> list[str]:
    """Languages that rows of the project have."""
    query = select(SourceRowTable.language).where(
        SourceRowTable.project_id == project_id, SourceRowTable.language.is_not(None)
    )
    return sorted(language for language in session.scalars(query.distinct()) if language)
