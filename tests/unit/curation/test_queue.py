from itertools import pairwise

import pytest

from termserver.curation.decisions import decide, set_flag
from termserver.curation.publish import export_rows
from termserver.curation.queue import RowFilter, get_row, neighbours, next_row, previous_row, rows_page
from termserver.errors import BadInput
from termserver.model.candidate import Suggestions
from termserver.model.decision import ChosenTarget, RowStatus
from termserver.model.person import Role
from termserver.model.source_list import SourceRow
from termserver.store.candidates import replace_candidates
from termserver.store.engine import Database
from tests.builders import ICD, icd, person, project, row_ids, source_rows, suggest_by_hand


@pytest.mark.parametrize("order", ["frequency", "line", "probability", "doubt"])
def test_pages_hold_each_row_once_in_order(database: Database, order: str) -> None:
    with database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        rows = [SourceRow(n + 2, f"K{n}", f"Term {n}", "sv", n % 3 or None) for n in range(23)]
        of = project(session, rows=rows)
        for n, row_id in enumerate(row_ids(session, of)):
            if n % 2:
                suggest_by_hand(session, row_id, ("I21", "x", (n % 5) / 10))
        seen, after = [], None
        while True:
            page = rows_page(session, anna, of, RowFilter(order=order), after=after, limit=5)
            seen += [row.id for row in page.rows]
            assert page.total == 23
            after = page.next_after
            if after is None:
                break
        assert sorted(seen) == sorted(row_ids(session, of))
        for here, there in pairwise(seen):
            following = next_row(session, anna, of, RowFilter(order=order), here)
            preceding = previous_row(session, anna, of, RowFilter(order=order), there)
            assert following is not None
            assert preceding is not None
            assert (following.id, preceding.id) == (there, here)
        assert next_row(session, anna, of, RowFilter(order=order), seen[-1]) is None
        assert previous_row(session, anna, of, RowFilter(order=order), seen[0]) is None


def test_filters(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        of = project(session)
        first, second, third = row_ids(session, of)
        suggest_by_hand(session, first, ("I21", "x", 0.95))
        suggest_by_hand(session, second, ("I48", "x", 0.4))
        set_flag(session, anna, of, third, 1, flagged=True)
        decide(session, anna, of, first, 1, targets=[ChosenTarget(ICD, "I21", "x")])

        def ids(**wanted: object) -> list[int]:
            page = rows_page(session, anna, of, RowFilter(order="line", **wanted))  # type: ignore[arg-type]
            assert page.total == len(page.rows)
            return [row.id for row in page.rows]

        assert ids(status=(RowStatus.OPEN,)) == [second, third]
        assert ids(flagged=True) == [third]
        assert ids(text="hjartinfarkt AKUT") == [first]
        assert ids(text="d2") == [second]
        assert ids(text="100%") == []
        assert ids(min_probability=0.9) == [first]
        assert ids(max_probability=0.9) == [second, third]
        assert ids(min_frequency=500) == [first, second]
        assert ids(candidates="none") == [third]
        assert ids(language="nb") == []


def test_a_page_after_nonsense_is_refused(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        of = project(session)
        with pytest.raises(BadInput, match="'after'"):
            rows_page(session, anna, of, RowFilter(), after="1; DROP TABLE source_row")


def test_neighbours_are_nearly_the_same_term(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        terms = ["Akut hjärtinfarkt", "AKUT HJARTINFARKT", "Akut hjärtinfarkt UNS", "Akut bronkit", "Hosta"]
        rows = [SourceRow(n + 2, f"K{n}", term, "sv") for n, term in enumerate(terms)]
        of = project(session, rows=rows)
        row = rows_page(session, anna, of, RowFilter(order="line")).rows[0]
        assert [near.term for near in neighbours(session, anna, of, row)] == [
            "AKUT HJARTINFARKT",
            "Akut hjärtinfarkt UNS",
        ]
        assert source_rows()


def test_what_the_engine_remarked_on_a_term_stays_with_the_row_and_its_export(database: Database) -> None:
    """Said once, however many targets; on rows without candidates too; gone when the next run has nothing to say."""
    with database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        of = project(session)
        first, second, _ = row_ids(session, of)
        odd = Suggestions((), 1.0, "engine", ("the term has no letters", "labelled 'fi'"))
        other = Suggestions((), 1.0, "engine", ("the term has no letters",))
        replace_candidates(
            session, {first: {ICD: odd, "urn:other": other}, second: {ICD: Suggestions((), 1.0, "engine")}}
        )
        assert get_row(session, anna, of, first).remarks == odd.remarks
        assert get_row(session, anna, of, second).remarks == ()
        assert [row.remarks for row in export_rows(session, anna, of)] == [odd.remarks, (), ()]
        replace_candidates(session, {first: {ICD: Suggestions((), 1.0, "engine")}})
        assert get_row(session, anna, of, first).remarks == ()
