"""The review: the queue, one row with its candidates, and every decision on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import orjson
from starlette.responses import Response

from termserver.curation import decisions, projects, queue, review, suggest
from termserver.curation.concept_view import ConceptView, concept_view
from termserver.errors import BadInput, Conflict, NotFound
from termserver.model.decision import ChosenTarget, NoMapReason, RowStatus
from termserver.model.person import Person
from termserver.model.project import Project, Row
from termserver.model.relationship import Relationship
from termserver.security.roles import Permission, may
from termserver.ui import words
from termserver.ui.catalogue import languages_of
from termserver.ui.edge import Call
from termserver.ui.row_filter import BANDS, CANDIDATES, ORDERS, STATUS_CHOICES, QueueFilter, read_queue_filter
from termserver.ui.row_view import candidate_groups, differing_context, is_safe_neighbour

_QUEUE_ROWS = 50
_ROWS_ABOVE = 4
"""Rows of the queue shown above the current one when a page opens in its middle."""
_Change = Callable[[Project, int, int], Row]


@dataclass(frozen=True, slots=True)
class Clash:
    """A decision that came too late: what the person wanted, and what somebody else had done."""

    message: str
    targets: tuple[ChosenTarget, ...] = field(default=())
    combination: str = "or"
    reason: NoMapReason | None = None


def review_page(call: Call) -> Response:
    """The review at the first row of the queue."""
    project = _project(call)
    chosen = read_queue_filter(call.request.query_params)
    row = queue.next_row(call.session, call.actor, project, chosen.row_filter(), None)
    whole = None if row is None else queue.get_row(call.session, call.actor, project, row.id)
    response = _whole_page(call, project, chosen, whole)
    response.headers["HX-Push-Url"] = f"/projects/{project.slug}/review" + (f"?{chosen.query}" if chosen.query else "")
    return response


def row_page(call: Call) -> Response:
    """The review at one row; only the row itself when the script asks."""
    project = _project(call)
    chosen = read_queue_filter(call.request.query_params)
    row = queue.get_row(call.session, call.actor, project, call.path_number("row"))
    if call.is_htmx:
        return _work_part(call, project, chosen, row, said="")
    return _whole_page(call, project, chosen, row)


def next_row(call: Call) -> Response:
    """The row after this one in the queue."""
    project = _project(call)
    chosen = read_queue_filter(call.request.query_params)
    following = _following(call, project, chosen, call.path_number("row"))
    return _go_to(call, project, chosen, following)


def previous_row(call: Call) -> Response:
    """The row before this one in the queue."""
    project = _project(call)
    chosen = read_queue_filter(call.request.query_params)
    row_id = call.path_number("row")
    before = queue.previous_row(call.session, call.actor, project, chosen.row_filter(), row_id)
    if before is None:
        response = call.render("said.html", said="This is the first row of the filter.")
        response.headers["HX-Reswap"] = "none"
        return response
    return _go_to(call, project, chosen, queue.get_row(call.session, call.actor, project, before.id))


def queue_part(call: Call) -> Response:
    """The next rows of the queue, as list entries."""
    project = _project(call)
    chosen = read_queue_filter(call.request.query_params)
    page = queue.rows_page(
        call.session, call.actor, project, chosen.row_filter(), after=call.query("after") or None, limit=_QUEUE_ROWS
    )
    most = max((row.frequency or 0 for row in page.rows), default=0)
    return call.render(
        "queue_rows.html", project=project, filter=chosen, page=page, row=None, most_frequent=max(most, 1)
    )


def concept_part(call: Call) -> Response:
    """One concept of a target system in its context: the panel on the right."""
    project = _project(call)
    concept = concept_view(call.session, call.query("system"), call.query("code"), call.query("language") or None)
    return call.render("concept.html", project=project, concept=concept)


def search_part(call: Call) -> Response:
    """Targets found by words or code."""
    project = _project(call)
    text = call.query("text")[:200]
    found = (
        suggest.search_targets(
            call.edge.engines,
            project,
            text,
            language=call.query("language") or project.language,
            system=call.query("system") or None,
            limit=12,
        )
        if len(text) > 1
        else []
    )
    return call.render("found.html", project=project, text=text, found=found)


def neighbours_part(call: Call) -> Response:
    """Nearly identical rows, which may be decided together with this one."""
    project = _project(call)
    row = queue.get_row(call.session, call.actor, project, call.path_number("row"))
    near = [
        (other, is_safe_neighbour(row, other), differing_context(row, other))
        for other in queue.neighbours(call.session, call.actor, project, row)
    ]
    return call.render("neighbours.html", project=project, row=row, near=near)


def history_part(call: Call) -> Response:
    """Everything that happened to a row."""
    project = _project(call)
    events = decisions.row_history(call.session, call.actor, project, call.path_number("row"))
    return call.render("history.html", events=events)


def comment_row(call: Call) -> Response:
    """Add a comment to the row's discussion."""
    project = _project(call)
    row_id = call.path_number("row")
    decisions.add_comment(call.session, call.actor, project, row_id, call.field("text"))
    row = queue.get_row(call.session, call.actor, project, row_id)
    return call.render(
        "discussion.html",
        project=project,
        row=row,
        comments=decisions.comments(call.session, call.actor, project, row_id),
        may_decide=True,
        said="Comment added.",
    )


def decide_row(call: Call) -> Response:
    """Choose targets for the row, and for checked neighbours with it; then on to the next row."""
    project = _project(call)
    targets = _chosen_targets(call, project)
    combination = call.field("combination", "or")
    neighbours = [_row_and_version(text) for text in call.fields("near")]

    def change(project: Project, row_id: int, version: int) -> Row:
        if neighbours:
            return decisions.decide_many(
                call.session,
                call.actor,
                project,
                [(row_id, version), *neighbours],
                targets=targets,
                combination=combination,
            )[0]
        return decisions.decide(
            call.session,
            call.actor,
            project,
            row_id,
            version,
            targets=targets,
            combination=combination,
            took_ms=_took_ms(call),
        )

    said = ", ".join(f"{target.relationship.sign} {target.code} {target.display}" for target in targets)
    if neighbours:
        said += f" for {len(neighbours) + 1} rows"
    return _change_row(call, project, change, said, wanted=Clash("", targets, combination))


def decide_no_map(call: Call) -> Response:
    """Say that the row has no target; then on to the next row."""
    project = _project(call)
    reason = _no_map_reason(call.field("reason"))

    def change(project: Project, row_id: int, version: int) -> Row:
        return decisions.decide_no_map(
            call.session, call.actor, project, row_id, version, reason=reason, took_ms=_took_ms(call)
        )

    said = f"no map, {words.no_map_words(reason).lower()}"
    return _change_row(call, project, change, said, wanted=Clash("", reason=reason))


def skip_row(call: Call) -> Response:
    """Leave the row for later."""

    def change(project: Project, row_id: int, version: int) -> Row:
        return decisions.skip(call.session, call.actor, project, row_id, version)

    return _change_row(call, _project(call), change, "skipped")


def flag_row(call: Call) -> Response:
    """Set or take the flag; the row stays in view."""
    flagged = call.field("flagged") == "1"

    def change(project: Project, row_id: int, version: int) -> Row:
        return decisions.set_flag(call.session, call.actor, project, row_id, version, flagged=flagged)

    return _change_row(call, _project(call), change, "flagged" if flagged else "flag taken away", advance=False)


def undo_row(call: Call) -> Response:
    """Take back the last change of a row, and show that row."""

    def change(project: Project, row_id: int, version: int) -> Row:
        return decisions.undo(call.session, call.actor, project, row_id, version)

    return _change_row(call, _project(call), change, "last change taken back", advance=False, can_be_undone=False)


def approve_row(call: Call) -> Response:
    """Approve somebody else's decision; then on to the next row."""

    def change(project: Project, row_id: int, version: int) -> Row:
        return review.approve(call.session, call.actor, project, row_id, version)

    return _change_row(call, _project(call), change, "approved")


def reject_row(call: Call) -> Response:
    """Send somebody else's decision back with the reason; then on to the next row."""

    def change(project: Project, row_id: int, version: int) -> Row:
        return review.reject(call.session, call.actor, project, row_id, version, comment=call.field("comment"))

    return _change_row(call, _project(call), change, "sent back")


def approve_filter(call: Call) -> Response:
    """Approve every decided row of the filter that somebody else decided."""
    project = _project(call)
    chosen = read_queue_filter(call.request.query_params)
    review.approve_many(call.session, call.actor, project, chosen.row_filter())
    return call.redirect(f"/projects/{project.slug}/review?{chosen.query}")


def _project(call: Call) -> Project:
    return projects.get_project(call.session, call.actor, call.path_text("slug"))


def _change_row(
    call: Call,
    project: Project,
    change: _Change,
    said: str,
    *,
    wanted: Clash | None = None,
    advance: bool = True,
    can_be_undone: bool = True,
) -> Response:
    """Change the row that the person saw; on a clash show both sides, having overwritten nothing."""
    chosen = read_queue_filter(call.request.query_params)
    row_id, version = call.path_number("row"), call.number_field("version")
    try:
        changed = change(project, row_id, version)
    except Conflict as conflict:
        return _clash_part(call, project, chosen, conflict, wanted)
    shown: Row | None = changed
    if advance:
        shown = _following(call, project, chosen, row_id)
    project = projects.get_project(call.session, call.actor, project.slug)  # its counters moved
    response = _work_part(call, project, chosen, shown, said=f"{changed.term}: {said}.", changed=changed)
    undoable = can_be_undone and changed.version != version
    event = {"row": changed.id, "version": changed.version, "undoable": undoable}
    response.headers["HX-Trigger"] = orjson.dumps({"row-changed": event}).decode()
    return response


def _following(call: Call, project: Project, chosen: QueueFilter, row_id: int) -> Row | None:
    """The next row of the filter; at its end the first one, so that skipped rows above are not forgotten."""
    following = queue.next_row(call.session, call.actor, project, chosen.row_filter(), row_id)
    if following is None:
        following = queue.next_row(call.session, call.actor, project, chosen.row_filter(), None)
        if following is not None and following.id == row_id:
            return None
    return None if following is None else queue.get_row(call.session, call.actor, project, following.id)


def _go_to(call: Call, project: Project, chosen: QueueFilter, row: Row | None) -> Response:
    if call.is_htmx:
        return _work_part(call, project, chosen, row, said="" if row else "That was the last row of the filter.")
    target = f"/projects/{project.slug}/review" + (f"/{row.id}" if row else "")
    return call.redirect(f"{target}?{chosen.query}")


def _whole_page(call: Call, project: Project, chosen: QueueFilter, row: Row | None) -> Response:
    row_filter = chosen.row_filter()
    page = queue.rows_page(call.session, call.actor, project, row_filter, limit=_QUEUE_ROWS)
    if row is not None and row.id not in {one.id for one in page.rows}:
        page = _page_around(call, project, chosen, row) or page
    return call.render(
        "review.html",
        project=project,
        filter=chosen,
        page=page,
        most_frequent=max([1, *(one.frequency or 0 for one in page.rows)]),
        languages=languages_of(call.session, project),
        status_choices=STATUS_CHOICES,
        bands=BANDS,
        orders=ORDERS,
        candidate_choices=CANDIDATES,
        may_review=may(call.session, call.actor, Permission.REVIEW, on=project),
        **_work_data(call, project, chosen, row),
    )


def _page_around(call: Call, project: Project, chosen: QueueFilter, row: Row) -> queue.RowPage | None:
    """A page of the queue that begins a little above the row; None where the row is not in the filter."""
    row_filter = chosen.row_filter()
    above = row.id
    for _ in range(_ROWS_ABOVE):
        before = queue.previous_row(call.session, call.actor, project, row_filter, above)
        if before is None:
            break
        above = before.id
    page = queue.rows_page(call.session, call.actor, project, row_filter, after=str(above), limit=_QUEUE_ROWS)
    return page if row.id in {one.id for one in page.rows} else None


def _work_part(
    call: Call,
    project: Project,
    chosen: QueueFilter,
    row: Row | None,
    *,
    said: str,
    changed: Row | None = None,
    clash: Clash | None = None,
) -> Response:
    data = _work_data(call, project, chosen, row, clash=clash)
    most = max([1, *(one.frequency or 0 for one in (row, changed) if one is not None)])
    response = call.render(
        "work_part.html",
        409 if clash else 200,
        project=project,
        filter=chosen,
        said=said,
        changed=changed,
        most_frequent=most,
        **data,
    )
    url = f"/projects/{project.slug}/review" + (f"/{row.id}" if row else "")
    response.headers["HX-Push-Url"] = f"{url}?{chosen.query}" if chosen.query else url
    return response


def _work_data(
    call: Call, project: Project, chosen: QueueFilter, row: Row | None, *, clash: Clash | None = None
) -> dict[str, object]:
    if row is None:
        return {"row": None, "clash": clash, "concept": None, "here_query": chosen.query}
    concept = _first_concept(call, row)
    path = () if concept is None else concept.path
    groups = candidate_groups(row, project.target_systems, lambda _system, _code: path)
    may_review = may(call.session, call.actor, Permission.REVIEW, on=project)
    return {
        "row": row,
        "clash": clash,
        "concept": concept,
        "here_query": chosen.query,
        "groups": groups,
        "has_several_systems": len(project.target_systems) > 1,
        "comments": decisions.comments(call.session, call.actor, project, row.id) if row.comment_count else [],
        "may_decide": may(call.session, call.actor, Permission.DECIDE, on=project),
        "may_approve": may_review and _waits_for(call.actor, row),
        "is_own": may_review and row.status is RowStatus.DECIDED and not _waits_for(call.actor, row),
    }


def _first_concept(call: Call, row: Row) -> ConceptView | None:
    """The concept in the right panel: the decision's first target, else the first candidate."""
    first: tuple[str, str] | None = None
    if row.candidates:
        first = (row.candidates[0].system, row.candidates[0].code)
    elif row.decision is not None and row.decision.targets:
        first = (row.decision.targets[0].system, row.decision.targets[0].code)
    if first is None:
        return None
    try:
        return concept_view(call.session, *first, row.language)
    except NotFound:  # the edition that was suggested from is no longer loaded: the row can be reviewed all the same
        return None


def _waits_for(actor: Person, row: Row) -> bool:
    return row.status is RowStatus.DECIDED and row.decision is not None and row.decision.person != actor.login


def _clash_part(
    call: Call, project: Project, chosen: QueueFilter, conflict: Conflict, wanted: Clash | None
) -> Response:
    call.session.rollback()
    row = queue.get_row(call.session, call.actor, project, call.path_number("row"))
    wanted = wanted or Clash("")
    clash = Clash(conflict.message, wanted.targets, wanted.combination, wanted.reason)
    return _work_part(call, project, chosen, row, said=conflict.message, changed=row, clash=clash)


def _chosen_targets(call: Call, project: Project) -> tuple[ChosenTarget, ...]:
    """The targets of the form; displays come from the code system, never from the browser.

    Raises
    ------
    BadInput, NotFound
        If a relationship or a target does not exist.
    """
    systems, codes, signs = call.fields("target_system"), call.fields("target_code"), call.fields("target_relationship")
    if not len(systems) == len(codes) == len(signs):
        raise BadInput("Each target needs its system, its code and its relationship.")
    row = queue.get_row(call.session, call.actor, project, call.path_number("row"))
    known = {(candidate.system, candidate.code): candidate.display for candidate in row.candidates}
    targets: list[ChosenTarget] = []
    for system, code, sign in zip(systems, codes, signs, strict=True):
        display = known.get((system, code))
        if display is None:
            display = concept_view(call.session, system, code).display
        targets.append(ChosenTarget(system, code, display, _relationship(sign)))
    return tuple(targets)


def _relationship(text: str) -> Relationship:
    try:
        return Relationship(text)
    except ValueError:
        raise BadInput(f"No relationship '{text[:40]}'.") from None


def _no_map_reason(text: str) -> NoMapReason:
    try:
        return NoMapReason(text)
    except ValueError:
        raise BadInput(f"No reason '{text[:40]}' for a row without target.") from None


def _row_and_version(text: str) -> tuple[int, int]:
    row_id, _, version = text.partition(":")
    if not (row_id.isdecimal() and version.isdecimal()):
        raise BadInput(f"'{text[:40]}' does not name a row and its version.")
    return int(row_id), int(version)


def _took_ms(call: Call) -> int | None:
    text = call.field("took_ms")
    return int(text) if text.isdecimal() and len(text) < 12 else None
