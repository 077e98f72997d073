import json
from pathlib import Path

import pytest

from termserver.errors import BadFile, BadInput
from termserver.loaders.recipe import recipe_from_file
from termserver.loaders.registry import read_recipe
from termserver.loaders.source import LoadedCodeSystem
from termserver.model.coding import Designation

HEAD = 'name = "t"\ntitle = "T"\nkind = "code-system"\nurl = "https://example.org/t"\nversion = "1"\nlanguage = "sv"\n'


def load(folder: Path, recipe: str, files: dict[str, str | bytes], **options: bool) -> LoadedCodeSystem:
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "source.toml").write_text(HEAD + recipe, encoding="utf-8")
    loaded = read_recipe(recipe_from_file(folder / "source.toml"), folder, **options)
    assert isinstance(loaded, LoadedCodeSystem)
    return loaded


def test_columns_become_names_properties_parents_and_status(tmp_path: Path) -> None:
    recipe = """file = "t.csv"
active_values = ["1"]
[columns]
code = "kod"
term = "namn"
parent = "upp"
status = "giltig"
definition = "def"
synonyms = "syn"
designations = { fi = ["fi"], und = ["kort"] }
properties = { enhet = "unit" }
"""
    table = "kod;namn;upp;giltig;def;syn;fi;kort;enhet\nA;Allt;;1;Om allt;;;;\nB;Blod;A;0;;Röda|Vita;Veri;Bl;g/l\n"
    first, second = load(tmp_path, recipe, {"t.csv": table}).concepts
    assert (first.active, first.definition, first.parents) == (True, "Om allt", ())
    assert (second.active, second.parents) == (False, ("A",))
    assert [(one.value, one.language) for one in second.designations] == [
        ("Veri", "fi"), ("Bl", None), ("Röda", "sv"), ("Vita", "sv"),
    ]  # fmt: skip
    assert [(one.code, one.value) for one in second.properties] == [("unit", "g/l")]


def test_files_without_dots_join_into_one_icd_hierarchy(tmp_path: Path) -> None:
    recipe = """delimiter = "\\t"
header_line = 0
hierarchy = "icd-10"
code_form = "icd-10"
[columns]
code = "column 1"
term = "column 2"
[[files]]
file = "4.txt"
[[files]]
file = "3.txt"
[[files]]
file = "b.txt"
"""
    files = {
        "4.txt": "A000\tKolera 1\nA001\tKolera 2\n",
        "3.txt": "A00\tKolera\nA01\tTyfus\n",
        "b.txt": "A00-A09\tTarm\nA20-A28\tX\n",
    }
    parents = {concept.code: concept.parents for concept in load(tmp_path, recipe, files).concepts}
    assert parents == {
        "A00.0": ("A00",), "A00.1": ("A00",), "A00": ("A00-A09",), "A01": ("A00-A09",), "A00-A09": (), "A20-A28": (),
    }  # fmt: skip


def test_fixed_width_in_cp1252(tmp_path: Path) -> None:
    recipe = 'file = "t.ans"\nformat = "fixed-width"\nwidths = [7]\nencoding = "cp1252"\n'
    recipe += '[columns]\ncode = "column 1"\nterm = "column 2"\n'
    concepts = load(
        tmp_path, recipe, {"t.ans": "A00-   Kolera \r\nA02-P  Ögonsjukdom\r\n\r\n".encode("cp1252")}
    ).concepts
    assert [(concept.code, concept.display) for concept in concepts] == [("A00-", "Kolera"), ("A02-P", "Ögonsjukdom")]


def test_json_records(tmp_path: Path) -> None:
    recipe = 'file = "t.json"\nformat = "json-records"\ncode_form = "icd-10"\n[columns]\ncode = "code"\nterm = "text"\n'
    records = [{"code": "A000", "text": "Kolera"}, {"code": "A001"}]
    loaded = load(tmp_path, recipe, {"t.json": json.dumps(records)})
    assert [concept.code for concept in loaded.concepts] == ["A00.0"]
    assert [(problem.line, problem.rule) for problem in loaded.problems] == [(2, "empty-term")]


def test_rows_are_chosen_and_codes_prefixed(tmp_path: Path) -> None:
    recipe = """file = "t.csv"
hierarchy = "prefix"
[columns]
code = "kod"
term = "namn"
[[files]]
where = { del = "1" }
[[files]]
where = { del = "2", niva = "1" }
code_prefix = "M-"
[[files]]
where = { del = "2", niva = "2" }
parent_prefix = "M-"
"""
    table = "del;niva;kod;namn\n1;1;A;Ett\n1;2;A1;Ett ett\n2;1;A;Två\n2;2;A2;Två två\n"
    loaded = load(tmp_path, recipe, {"t.csv": table})
    assert [(concept.code, concept.parents) for concept in loaded.concepts] == [
        ("A", ()), ("A1", ("A",)), ("M-A", ()), ("A2", ("M-A",)),
    ]  # fmt: skip
    assert (loaded.counts.rows, loaded.counts.refused) == (4, 0)


def test_further_rows_of_a_code_add_names(tmp_path: Path) -> None:
    recipe = 'file = "t.csv"\nrepeated_codes = "synonyms"\n'
    recipe += '[columns]\ncode = "kod"\nterm = "namn"\ndesignations = { la = ["latin"] }\n'
    loaded = load(tmp_path, recipe, {"t.csv": "kod;namn;latin\nA;Kolera;Cholera\nB;Tyfus;\nA;Pest;\nA;;Pestis\n"})
    first, _ = loaded.concepts
    assert [(one.value, one.language) for one in first.designations] == [
        ("Cholera", "la"),
        ("Pest", "sv"),
        ("Pestis", "la"),
    ]
    assert (loaded.counts.rows, loaded.counts.merged, loaded.counts.accepted, loaded.problems) == (4, 2, 2, [])


def test_repeated_code_is_refused_by_default(tmp_path: Path) -> None:
    loaded = load(
        tmp_path, 'file = "t.csv"\n[columns]\ncode = "kod"\nterm = "namn"\n', {"t.csv": "kod;namn\nA;Ett\nA;Två\n"}
    )
    assert len(list(loaded.concepts)) == 1
    assert [(problem.line, problem.rule) for problem in loaded.problems] == [(3, "duplicate-code")]


def test_parents_that_are_not_there_are_counted(tmp_path: Path) -> None:
    recipe = 'file = "t.csv"\n[columns]\ncode = "kod"\nterm = "namn"\nparent = "upp"\n'
    loaded = load(tmp_path, recipe, {"t.csv": "kod;namn;upp\nA;Ett;X\nB;Två;A\n"})
    assert [concept.parents for concept in loaded.concepts] == [(), ("A",)]
    assert [problem.rule for problem in loaded.problems] == ["unknown-parent"]


def test_supplement_names_codes_of_another_system(tmp_path: Path) -> None:
    recipe = 'file = "t.csv"\ndesignations_for = "https://example.org/base"\n[columns]\ncode = "kod"\nterm = "namn"\n'
    loaded = load(tmp_path, recipe, {"t.csv": "kod;namn\nA;Ett\n"}, as_supplement=True)
    (concept,) = loaded.concepts
    assert (concept.display, concept.designations) == ("", (Designation("Ett", "sv"),))
    assert (loaded.header.content, loaded.header.supplements) == ("supplement", "https://example.org/base")
    assert loaded.header.url == "https://example.org/t/designations"


def test_recipe_without_a_base_is_no_supplement(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no 'designations_for'"):
        load(
            tmp_path,
            'file = "t.csv"\n[columns]\ncode = "kod"\nterm = "namn"\n',
            {"t.csv": "kod;namn\nA;Ett\n"},
            as_supplement=True,
        )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"needs this file; name the folder of publishers' files"),
        (
            {"t.csv": "code;namn\nA;Ett\n"},
            r"t\.csv line 1: the column 'kod' is missing; the columns there are: code, namn",
        ),
    ],
)
def test_missing_file_or_column(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(BadFile, match=message):
        load(tmp_path, 'file = "t.csv"\n[columns]\ncode = "kod"\nterm = "namn"\n', dict(files))
