"""UCUM: which expressions are units, their dimension and their words."""

from __future__ import annotations

import csv
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termserver.errors import BadInput
from termserver.model.value_set import Filter
from termserver.terminology.providers.ucum import NotAUnit, essence, parse_unit, ucum, why_no_unit


@pytest.mark.parametrize(
    ("code", "canonical"),
    [
        ("kg", "g"),
        ("mL", "m3"),
        ("mg/dL", "g.m-3"),
        ("mg/dL{milligram per deciliter}", "g.m-3"),
        ("mmol/L", "m-3"),
        ("10*6/L", "m-3"),
        ("10*-2", "1"),
        ("%", "1"),
        ("/min", "s-1"),
        ("/(8.h)", "s-1"),
        ("g/(8.h){shift}", "g.s-1"),
        ("mm[Hg]", "g.m-1.s-2"),
        ("Cel", "K"),
        ("[degF]", "K"),
        ("{Ehrlich'U}/100.g", "g"),
        ("[iU]/mL", "[iU].m-3"),
        ("[in_i'Hg]", "g.m-1.s-2"),
        ("dar", "m2"),
        ("m2.s-1", "m2.s-1"),
    ],
)
def test_a_unit_has_its_dimension(code: str, canonical: str) -> None:
    assert parse_unit(code).canonical == canonical


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("", "missing before the end at character 1"),
        ("kgXX", "The unit 'kgXX' is unknown at character 1"),
        ("mg/", "missing before the end at character 4"),
        ("mg//dL", "missing before '/' at character 4"),
        ("((m)", "bracket at character 1 is not closed"),
        ("m)", r"Unexpected '\)' at character 2"),
        ("m0", "unknown"),
        ("KG", "unknown"),
        ("Ki", "unknown"),
        ("mg{per day", "annotation at character 3 is not closed"),
        ("mg{å}", "annotation at character 3"),
        ("m" + ".m" * 300, "more than 500 characters"),
        ("(" * 60 + "m" + ")" * 60, "More than 50 brackets"),
        ("[kg", "unknown"),
    ],
)
def test_what_is_no_unit_is_told(code: str, fault: str) -> None:
    with pytest.raises(NotAUnit, match=fault):
        parse_unit(code)
    assert (why_no_unit(code) or "").startswith(f"Error processing unit '{code}': ")


def test_words() -> None:
    assert parse_unit("mg/dL").analysis == "(milligram) / (deciliter)"
    assert parse_unit("m2.s-1{x}").analysis == "(meter ^ 2) * (second ^ -1) * 1"


def test_every_atom_alone_and_with_its_prefix_is_a_unit() -> None:
    tables = essence()
    assert len(tables.atoms) > 300
    for code, atom in tables.atoms.items():
        assert parse_unit(code).analysis.startswith(f"({atom.name}")
        if atom.metric:
            assert parse_unit(f"k{code}").dimension == parse_unit(code).dimension


def test_the_published_examples_are_units() -> None:
    spec = find_spec("ucumvert")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0]) / "vendor" / "ucum_examples.tsv"
    with path.open(encoding="utf-8") as file:
        codes = [row[1] for row in csv.reader(file, delimiter="\t")][1:]
    # Torr stands in the list of examples and is not defined in UCUM
    assert [code for code in codes if why_no_unit(code)] == ["Torr"]


@settings(deadline=None)  # a busy machine makes no rule wrong
@given(st.text(alphabet="mgLs/.(){}[]10*-+ %'k", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    fault = why_no_unit(text)
    assert (fault is None) == (ucum(None).concept(text) is not None)


def test_filter_by_canonical_unit() -> None:
    content = ucum(lambda: dict.fromkeys(("kg", "mg", "mL", "nonsense", "[lb_av]"), ""))
    found = content.filter(Filter("canonical", "=", "g"), "place")
    assert found is not None
    assert [content.table.code_of(ordinal) for ordinal in found.tolist()] == ["kg", "mg", "[lb_av]"]
    assert content.filter(Filter("code", "regex", ".*g"), "place") is None
    with pytest.raises(BadInput, match="has the operator ="):
        content.filter(Filter("canonical", "in", "g"), "place")
    with pytest.raises(BadInput, match="is no unit"):
        content.filter(Filter("canonical", "=", "gg"), "place")
