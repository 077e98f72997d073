"""`termserver train` in a deployment, and `termserver weights`: learned beside what is in use, used when told, taken back."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from termserver.cli.main import termserver
from termserver.curation.engines import Engines
from termserver.curation.projects import get_project
from termserver.curation.training import decided_lists
from termserver.matching.training import from_titles
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.decision import ChosenTarget, NoMapReason, RowStatus
from termserver.model.person import Role
from termserver.model.source_list import SourceRow
from termserver.settings import load_settings
from termserver.store.code_systems import add_code_system
from termserver.store.decisions import ImportedDecision, add_imported_decisions
from termserver.store.engine import Database
from tests.builders import ICD, icd, person, project, row_ids

SIDES = (
    ("left", "vänster"),
    ("right", "höger"),
    ("upper", "övre"),
    ("lower", "nedre"),
    ("acute", "akut"),
    ("old", "gammal"),
)
PARTS = (
    "arm",
    "leg",
    "hand",
    "foot",
    "knee",
    "hip",
    "back",
    "neck",
    "chest",
    "eye",
    "ear",
    "nose",
    "throat",
    "skin",
    "bone",
    "tooth",
)


def run(data: Path, *arguments: str) -> Result:
    where = [] if arguments[0] == "weights" else ["--deployment", str(data)]
    more = ["--data", str(data)] if arguments[0] == "weights" else where
    return CliRunner().invoke(termserver, [*arguments, *more])


@pytest.fixture
def deployment(tmp_path: Path) -> Path:
    """A data folder with a target of 96 codes and a project whose 384 rows are decided."""
    data = tmp_path / "data"
    data.mkdir()
    settings = load_settings(data=data)
    database = Database(settings.resolved_database_url())
    database.upgrade()
    concepts = [
        Concept(f"{part:02d}{side}", f"{english} {PARTS[part]}")
        for part in range(len(PARTS))
        for side, (english, _) in enumerate(SIDES)
    ]
    with database.session(write=True) as session:
        add_code_system(session, CodeSystem(ICD, "1", "T", language="en"), concepts)
        anna = person(session, "anna", Role.MAPPER)
        words = ("skada", "smärta", "sår", "ont")
        rows = [
            SourceRow(
                2 + 4 * number + place, f"{number}-{place}", f"{word} {swedish} {PARTS[int(concept.code[:2])]}", "sv"
            )
            for number, concept in enumerate(concepts)
            for swedish in [SIDES[int(concept.code[2])][1]]
            for place, word in enumerate(words)
        ]
        of = project(session, rows=rows)
        decided = [
            ImportedDecision(
                row_id, None, (ChosenTarget(ICD, concepts[at // 4].code, ""),), None, "or", None, RowStatus.DECIDED
            )
            for at, row_id in enumerate(all_rows(session, of.id))
        ]
        add_imported_decisions(session, of.id, anna.id, decided)
    database.close()
    return data


def all_rows(session: object, project_id: int) -> list[int]:
    from termserver.store.rows import stream_row_batches

    return [row.id for rows in stream_row_batches(session, project_id, size=500) for row in rows]  # type: ignore[arg-type]


def test_decisions_teach_and_nothing_is_switched_until_told(deployment: Path) -> None:
    answer = run(deployment, "train", "--from-decisions", "--name", "ours")
    assert answer.exit_code == 0, answer.output
    assert "recall@1" in answer.output
    assert "learned from 384 decided terms" in answer.output
    assert "'shipped' stays in use. Switch: termserver weights use ours" in answer.output
    assert (deployment / "weights/ours/REPORT.txt").read_text("utf-8").startswith("Learned beside 'shipped'")
    database = Database(load_settings(data=deployment).resolved_database_url())
    engines = Engines(database, load_settings(data=deployment))
    before = engines.engine(ICD).engine_version
    assert "* shipped" in run(deployment, "weights", "list").output
    run(deployment, "weights", "use", "ours")
    assert "* ours" in run(deployment, "weights", "list").output
    after = engines.engine(ICD).engine_version
    assert before.split("/")[1] == after.split("/")[1]
    assert before != after  # the ranker's version, where the correction helped, or that of the probabilities
    run(deployment, "weights", "use", "shipped")
    assert engines.engine(ICD).engine_version == before
    database.close()


def test_too_few_decisions_are_refused_with_their_number(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="0 distinct terms are decided, 300 are needed"):
        CliRunner().invoke(
            termserver, ["train", "--from-decisions", "--deployment", str(tmp_path)], catch_exceptions=False
        )
    assert not (tmp_path / "weights").exists()


def test_a_language_is_taught_from_a_file_and_used(
    deployment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(from_titles, "LEAST_TITLES", 50)
    monkeypatch.setattr(from_titles, "EPOCHS", 2)
    titles = tmp_path / "titles.csv"
    lines = [
        f"{part:02d}{side};{name[::-1]} {PARTS[part][::-1]}"
        for part in range(16)
        for side, (name, _) in enumerate(SIDES)
    ]
    titles.write_text("\n".join(["code;title", *lines]) + "\n", encoding="utf-8")
    answer = run(
        deployment,
        "train",
        "--titles",
        str(titles),
        "--language",
        "is",
        "--target-system",
        ICD,
        "--name",
        "is",
        "--switch",
    )
    assert answer.exit_code == 0, answer.output
    assert "96 of 96 titles have a target" in answer.output
    assert "'is' is in use now. Back: termserver weights use shipped" in answer.output
    database = Database(load_settings(data=deployment).resolved_database_url())
    engine = Engines(database, load_settings(data=deployment)).engine(ICD)
    database.close()
    assert engine.search("left arm")[0].display == "left arm"


def test_titles_need_a_language_and_a_target(tmp_path: Path) -> None:
    from termserver.errors import BadInput

    with pytest.raises(BadInput, match="--titles needs --language"):
        CliRunner().invoke(termserver, ["train", "--titles", str(tmp_path / "x.csv")], catch_exceptions=False)


@pytest.mark.parametrize("header", ["code;title", "title\tcode", "CODE,Display", ""])
def test_titles_are_read_with_and_without_header(tmp_path: Path, header: str) -> None:
    from termserver.cli.train import read_titles

    delimiter = next((one for one in ";\t," if one in header), ";")
    cells = ["Kólera", "A00"] if header.startswith("title") else ["A00", "Kólera"]
    path = tmp_path / "t.csv"
    path.write_text("\n".join([line for line in (header, delimiter.join(cells)) if line]) + "\n", encoding="utf-8")
    assert read_titles(path) == {"A00": "Kólera"}


def test_what_was_decided_is_what_is_learned(database: Database) -> None:
    """Decisions sent back and errors of the list teach nothing; "no target" teaches that nothing is right."""
    with database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        of = project(session, anna)
        first, second, third = row_ids(session, of)
        add_imported_decisions(
            session,
            of.id,
            anna.id,
            [
                ImportedDecision(first, None, (ChosenTarget(ICD, "I21", "x"),), None, "or", None, RowStatus.APPROVED),
                ImportedDecision(second, None, (), NoMapReason.NO_TARGET, "or", None, RowStatus.DECIDED),
                ImportedDecision(third, None, (ChosenTarget(ICD, "I48", "x"),), None, "or", None, RowStatus.REJECTED),
            ],
        )
        assert get_project(session, anna, of.slug).target_systems == of.target_systems
    ((system, targets, rows),) = decided_lists(database)
    assert system == ICD
    assert "I21" in {target.code for target in targets}
    assert [(row.term.term, set(row.right)) for row in rows] == [
        ("Akut hjärtinfarkt UNS", {(ICD, "I21")}),
        ("Förmaksflimmer", set()),
    ]
