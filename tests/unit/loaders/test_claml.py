"""Classifications in ClaML: a synthetic one with all that ICD-10-GM and WHO's files have."""

from __future__ import annotations

from pathlib import Path

import pytest

from termserver.errors import BadFile
from termserver.loaders.claml import RUBRIC_KIND, looks_like_claml
from termserver.loaders.registry import read_file, recognise
from termserver.loaders.source import LoadedCodeSystem
from termserver.model.code_system import CodeSystem, Concept

CLAML = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE ClaML SYSTEM "ClaML.dtd">
<ClaML version="2.0.0">
  <Meta name="lang" value="de"/>
  <Identifier authority="EX" uid="1.2.276.0.76.99"/>
  <Title name="KLASS-GM" version="2026" date="2025-09-12">Klassifikation  zum
    Testen</Title>
  <ClassKinds><ClassKind name="chapter"/><ClassKind name="block"/><ClassKind name="category"/></ClassKinds>
  <UsageKinds><UsageKind name="aster" mark="*"/><UsageKind name="dagger" mark="+"/></UsageKinds>
  <Modifier code="S04X10_4"><SubClass code=".0"/><SubClass code=".9"/></Modifier>
  <Modifier code="S05X10_5"/>
  <ModifierClass modifier="S04X10_4" code=".0"><SuperClass code="S04X10_4"/>
    <Rubric kind="preferred"><Label xml:lang="de">Mit Koma</Label></Rubric>
    <Rubric kind="inclusion"><Label xml:lang="de">Koma mit Ketose</Label></Rubric></ModifierClass>
  <ModifierClass modifier="S04X10_4" code=".9"><SuperClass code="S04X10_4"/>
    <Rubric kind="preferred"><Label xml:lang="de">Ohne Angabe</Label></Rubric></ModifierClass>
  <ModifierClass modifier="S05X10_5" code="0"><SuperClass code="S05X10_5"/>
    <Meta name="excludeOnPrecedingModifier" value="S04X10_4 .9"/>
    <Rubric kind="preferred"><Label>Entgleist</Label></Rubric></ModifierClass>
  <ModifierClass modifier="S05X10_5" code="1"><SuperClass code="S05X10_5"/>
    <Rubric kind="preferred"><Label>Nicht entgleist</Label></Rubric></ModifierClass>
  <Class code="I" kind="chapter"><SubClass code="A00-A09"/>
    <Rubric kind="preferred"><Label xml:lang="de" xml:space="default">Infektionen</Label></Rubric></Class>
  <Class code="A00-A09" kind="block"><SuperClass code="I"/><SubClass code="A17"/>
    <Rubric kind="preferred"><Label xml:lang="de">Darminfektionen</Label></Rubric></Class>
  <Class code="A17" kind="category" usage="dagger"><Meta name="MortBCode" value="007"/><SuperClass code="A00-A09"/>
    <SubClass code="A17.0"/>
    <Rubric kind="preferred"><Label xml:lang="de">Tuberkulose des Nervensystems</Label></Rubric>
    <Rubric kind="exclusion">
      <Label xml:lang="de">Folgen (<Reference class="in brackets" code="B90">B90.-</Reference>)</Label></Rubric>
    <Rubric kind="definition"><Label xml:lang="de"><Para>Erster Absatz.</Para><Para>Zweiter.</Para></Label></Rubric></Class>
  <Class code="A17.0" kind="category" usage="dagger"><SuperClass code="A17"/>
    <Rubric kind="preferred"><Label xml:lang="de">Meningitis
      <Reference class="in brackets" usage="aster" code="G01">G01*</Reference></Label></Rubric>
    <Rubric kind="preferred"><Label xml:lang="en">Meningitis, tuberculous</Label></Rubric>
    <Rubric kind="preferredLong"><Label xml:lang="de">Tuberkulöse Meningitis</Label></Rubric>
    <Rubric kind="inclusion"><Label xml:lang="de">
      <Fragment type="list">Tuberkulöse</Fragment><Fragment type="list">Leptomeningitis</Fragment></Label></Rubric></Class>
  <Class code="X10" kind="category"><SuperClass code="A00-A09"/><ModifiedBy code="S04X10_4"/><ModifiedBy code="S05X10_5"/>
    <Rubric kind="preferred"><Label xml:lang="de">Diabetes</Label></Rubric></Class>
  <Class code="X11" kind="category"><SuperClass code="A00-A09"/>
    <ModifiedBy code="S04X10_4" all="false"><ValidModifierClass code=".9"/></ModifiedBy>
    <Rubric kind="preferred"><Label xml:lang="de">Anderer Diabetes</Label></Rubric></Class>
  <Class code="X12" kind="category"><SuperClass code="A00-A09"/><SubClass code="X12.0"/><SubClass code="X12.1"/>
    <ModifiedBy code="S05X10_5"/><Rubric kind="preferred"><Label xml:lang="de">Seltener</Label></Rubric></Class>
  <Class code="X12.0" kind="category"><SuperClass code="X12"/><Rubric kind="preferred"><Label>Erster</Label></Rubric></Class>
  <Class code="X12.1" kind="category"><SuperClass code="X12"/><ExcludeModifier code="S05X10_5"/>
    <Rubric kind="preferred"><Label>Zweiter</Label></Rubric></Class>
</ClaML>
"""  # fmt: skip


def read(tmp_path: Path, text: str = CLAML, **options: object) -> tuple[LoadedCodeSystem, dict[str, Concept]]:
    path = tmp_path / "klass.xml"
    path.write_text(text, encoding="utf-8")
    loaded = read_file(path, **options)
    assert isinstance(loaded, LoadedCodeSystem)
    return loaded, {concept.code: concept for concept in loaded.concepts}


def values(concept: Concept) -> list[tuple[str, object]]:
    return [(item.code, item.value) for item in concept.properties]


def test_the_head_says_what_it_is(tmp_path: Path) -> None:
    loaded, concepts = read(tmp_path)
    head = loaded.header
    assert (head.url, head.version, head.name) == ("urn:oid:1.2.276.0.76.99", "2026", "KLASS_GM")
    assert (head.title, head.language, head.date) == ("Klassifikation zum Testen", "de", "2025-09-12")
    kinds = {item.code: item.kind for item in head.properties}
    assert kinds == {"kind": "code", "usage": "code", "MortBCode": "string", "exclusion": "string", "aster": "code"}
    assert recognise(tmp_path / "klass.xml") == "claml"
    assert loaded.counts.accepted == len(concepts) == loaded.counts.rows
    named, _ = read(tmp_path, header=CodeSystem("http://fhir.example/icd-10-gm", "2026.1", ""))
    assert named.header.canonical == "http://fhir.example/icd-10-gm|2026.1"


def test_classes_become_concepts_under_their_parents(tmp_path: Path) -> None:
    _, concepts = read(tmp_path)
    assert concepts["A17.0"].parents == ("A17",)
    assert concepts["A17"].parents == ("A00-A09",)
    assert concepts["A00-A09"].parents == ("I",)
    assert [concepts[code].abstract for code in ("I", "A00-A09", "A17", "A17.0")] == [True, True, False, False]
    assert values(concepts["A17"]) == [
        ("kind", "category"),
        ("usage", "dagger"),
        ("MortBCode", "007"),
        ("exclusion", "Folgen (B90.-)"),
    ]
    assert concepts["A17"].definition == "Erster Absatz. Zweiter."


def test_rubrics_are_names_with_their_use(tmp_path: Path) -> None:
    concept = read(tmp_path)[1]["A17.0"]
    assert concept.display == "Meningitis"
    names = [(item.value, item.language, item.use and item.use.code) for item in concept.designations]
    assert names == [
        ("Meningitis, tuberculous", "en", "preferred"),
        ("Tuberkulöse Meningitis", "de", "preferredLong"),
        ("Tuberkulöse Leptomeningitis", "de", "inclusion"),
    ]
    assert {item.use.system for item in concept.designations if item.use} == {RUBRIC_KIND}
    assert values(concept) == [("kind", "category"), ("usage", "dagger"), ("aster", "G01")]


def test_modifiers_make_the_codes_they_stand_for(tmp_path: Path) -> None:
    _, concepts = read(tmp_path)
    made = {code: concept.display for code, concept in concepts.items() if code.startswith("X")}
    assert made == {
        "X10": "Diabetes",
        "X10.0": "Diabetes: Mit Koma",
        "X10.00": "Diabetes: Mit Koma: Entgleist",
        "X10.01": "Diabetes: Mit Koma: Nicht entgleist",
        "X10.9": "Diabetes: Ohne Angabe",
        "X10.91": "Diabetes: Ohne Angabe: Nicht entgleist",
        "X11": "Anderer Diabetes",
        "X11.9": "Anderer Diabetes: Ohne Angabe",
        "X12": "Seltener",
        "X12.0": "Erster",
        "X12.00": "Erster: Entgleist",
        "X12.01": "Erster: Nicht entgleist",
        "X12.1": "Zweiter",
    }
    assert concepts["X10.00"].parents == ("X10.0",)
    assert concepts["X10.0"].parents == ("X10",)
    assert [item.value for item in concepts["X10.0"].designations] == ["Koma mit Ketose"]


def test_version_3_with_a_namespace_reads_the_same(tmp_path: Path) -> None:
    text = CLAML.replace('<ClaML version="2.0.0">', '<ClaML version="3.0.0" xmlns="urn:example:claml">')
    assert read(tmp_path, text)[1] == read(tmp_path)[1]


def test_a_class_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    twice = '<Class code="A17" kind="category"><Rubric kind="preferred"><Label>x</Label></Rubric></Class>'
    bare = '<Class code="B99" kind="category"><Rubric kind="note"><Label>x</Label></Rubric></Class>'
    loaded, concepts = read(tmp_path, CLAML.replace("</ClaML>", f"{twice}{bare}</ClaML>"))
    assert "B99" not in concepts
    assert concepts["A17"].display == "Tuberkulose des Nervensystems"
    assert [(item.code, item.rule) for item in loaded.problems] == [("A17", "duplicate-code"), ("B99", "empty-term")]
    assert loaded.counts.refused == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (CLAML.replace("</Class>\n  <Class code=\"A00", "\n  <Class code=\"A00"), r"klass.xml line \d+.*damaged"),
        (CLAML.replace('"ClaML.dtd">', '"ClaML.dtd" [<!ENTITY a "b">]>'), "declares entities"),
        (
            CLAML.replace(
                '<!DOCTYPE ClaML SYSTEM "ClaML.dtd">',
                '<!DOCTYPE ClaML [<!ENTITY a "aaa"><!ENTITY b "&a;&a;"><!ENTITY % c SYSTEM "file:///etc/passwd"> %c;]>',
            ).replace("Infektionen", "&b;"),
            "declares entities",
        ),
        ("<ClaML><Title name='x'/></ClaML>", "no class"),
        ("<ClaML>" + "<Class code='a'>" * 200 + "</Class>" * 200 + "</ClaML>", "nests deeper"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadFile, match=says):
        read(tmp_path, text)


def test_fhir_is_no_claml(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    path.write_text('<CodeSystem xmlns="http://hl7.org/fhir"><title value="ClaML "/></CodeSystem>')
    assert not looks_like_claml(path)
    path.write_text('<c:ClaML xmlns:c="urn:x" version="3"/>')
    assert looks_like_claml(path)


def _class(code: str, inside: str) -> str:
    return f'<Class code="{code}" kind="category">{inside}<Rubric kind="preferred"><Label>x</Label></Rubric></Class>'


def test_a_modifier_cycle_or_flood_ends(tmp_path: Path) -> None:
    label = '<Rubric kind="preferred"><Label>x</Label></Rubric>'
    endings = "".join(
        f'<ModifierClass modifier="M{kind}" code="{number}">{label}</ModifierClass>'
        for kind in range(6)
        for number in range(10)
    )
    modified = "".join(f'<ModifiedBy code="M{kind}"/>' for kind in range(6))
    cycle = _class("A", f'<SuperClass code="B"/>{modified}') + _class("B", '<SuperClass code="A"/>')
    _, concepts = read(tmp_path, f"<ClaML>{endings}{cycle}{_class('C', modified)}</ClaML>")
    assert len(concepts) == 3 + 5_000
