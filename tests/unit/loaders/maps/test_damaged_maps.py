"""Damaged files of every format: read, or refused with a sentence; nothing else happens."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pytest

from termserver.errors import BadFile, BadInput, TooLarge
from termserver.exports.registry import FORMATS, write_map
from termserver.loaders.maps import map_lines
from termserver.loaders.maps.map_lines import MapHeader
from termserver.loaders.maps.registry import opened_maps
from termserver.model.map_export import ExportOptions
from tests.unit.loaders.maps.reading import read_map, whole

GOLDEN = Path(__file__).parents[3] / "golden"
BOTH = GOLDEN / "both_ways"
LOCAL = "https://example.org/CodeSystem/diagnoses"
HEADER = MapHeader(
    "https://example.org/ConceptMap/m", "1", "M", LOCAL, "", {"EX_DIAG": LOCAL, "EX_LAB": f"{LOCAL}-lab"}
)
OPTIONS = ExportOptions(
    refset_id="999000041000000102", module_id="999000011000000103", effective_time="20261122", source_vocabulary="X"
)
FILES = [
    *sorted(path for path in BOTH.iterdir()),
    GOLDEN / "rows.usagi.csv",
    GOLDEN / "map.r4.json",
    GOLDEN / "map.r5.json",
]
PIECES = [
    b'"',
    b"\t",
    b",",
    b"\n",
    b"|",
    b"\x00",
    b"\xc3",
    b"\xff",
    b"a" * 60,
    b": ",
    b"9" * 30,
    b"\xef\xbb\xbf",
    b"'=",
]


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The content with a few pieces put in, taken out, doubled or shuffled."""
    found = bytearray(content)
    for _ in range(chance.randint(1, 5)):
        place = chance.randrange(len(found) + 1)
        kind = chance.random()
        if kind < 0.5:
            found[place:place] = chance.choice(PIECES)
        elif kind < 0.7:
            del found[place : place + chance.randint(1, 40)]
        else:
            lines = bytes(found).split(b"\n")
            lines.insert(chance.randrange(len(lines)), chance.choice(lines))
            if kind > 0.9:
                chance.shuffle(lines)
            found = bytearray(b"\n".join(lines))
    return bytes(found)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, path: Path) -> None:
    chance = random.Random(20261122)
    for _ in range(60):
        if path.is_dir():
            file = tmp_path / "tables.zip"
            with zipfile.ZipFile(file, "w") as archive:
                for item in sorted(path.iterdir()):
                    archive.writestr(item.name, damaged(item.read_bytes(), chance))
            if chance.random() < 0.2:
                file.write_bytes(damaged(file.read_bytes(), chance))
        else:
            file = tmp_path / f"map{path.suffix}"
            file.write_bytes(damaged(path.read_bytes(), chance))
        try:
            with opened_maps(file, HEADER) as maps:
                found = [whole(loaded).concept_map for loaded in maps]
        except (BadInput, TooLarge):
            continue
        for concept_map in found:
            try:
                b"".join(write_map(concept_map, chance.choice(list(FORMATS)), options=OPTIONS))
            except BadInput:
                continue


@pytest.mark.parametrize("file", ["map.sssom.tsv", "to_snomed.extended.txt"])
def test_a_line_that_is_not_utf_8_is_named(tmp_path: Path, file: str) -> None:
    lines = (BOTH / file).read_bytes().split(b"\n")
    lines[2] += b"\xff"
    path = tmp_path / file
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(BadFile, match=f"{file} line 3: it is not UTF-8"):
        read_map(path, HEADER)


@pytest.mark.parametrize("file", ["map.csv", "stcm.csv", "map.sssom.tsv", "to_snomed.extended.txt"])
def test_a_large_map_is_the_same_as_a_small_one(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its elements go to a file, not to memory."""
    small = read_map(BOTH / file, HEADER).concept_map
    monkeypatch.setattr(map_lines, "_IN_MEMORY", 1)
    with opened_maps(BOTH / file, HEADER) as (loaded,):
        assert loaded.rows is not None
        assert loaded.rows.count == sum(len(group.elements) for group in small.groups)
        assert not any(group.elements for group in loaded.concept_map.groups)
        assert whole(loaded).concept_map == small
