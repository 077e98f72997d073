from collections import Counter

from termserver.loaders.registry import read_recipe
from termserver.loaders.source import LoadedCodeSystem


def test_recipe_reads_every_code_of_the_package() -> None:
    loaded = read_recipe("icd-10-who")
    assert isinstance(loaded, LoadedCodeSystem)
    concepts = {concept.code: concept for concept in loaded.concepts}
    kinds = Counter(concept.properties[0].value for concept in concepts.values())
    assert kinds == {"subcategory": 10196, "category": 2050, "block": 274, "chapter": 22}
    assert loaded.header.url == "http://hl7.org/fhir/sid/icd-10"
    assert "urn:oid:2.16.840.1.113883.6.3" in loaded.header.aliases
    path = ["I21.9"]
    while concepts[path[-1]].parents:
        path.append(concepts[path[-1]].parents[0])
    assert path == ["I21.9", "I21", "I20-I25", "IX"]
    assert [concepts[code].abstract for code in path] == [False, False, True, True]
