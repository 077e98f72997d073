from collections.abc import Iterator

import pytest

from termserver.model.concept_map import ConceptMap, Dependency, MapElement, MapGroup, MapTarget
from termserver.model.relationship import Relationship
from termserver.settings import Settings
from termserver.store.concept_maps import add_concept_map
from termserver.store.engine import Database
from termserver.terminology.service import Terminology

LOCAL = "https://example.org/CodeSystem/local"
ICD = "http://hl7.org/fhir/sid/icd-10"
URL = "https://example.org/ConceptMap/local-icd"


def element(code: str, *targets: MapTarget, no_map: bool = False) -> MapElement:
    return MapElement(code, f"Term {code}", targets, no_map=no_map)


def a_map(version: str, target_of_hi: str = "I21.9") -> ConceptMap:
    return ConceptMap(
        URL,
        version,
        "LocalIcd",
        groups=(
            MapGroup(
                LOCAL,
                ICD,
                elements=(
                    element("HI", MapTarget(target_of_hi, Relationship.EQUIVALENT, "Infarction")),
                    element(
                        "HYP",
                        MapTarget("N40", Relationship.BROADER, "Prostate"),
                        MapTarget("N85.0", Relationship.EQUIVALENT, "Endometrium"),
                    ),
                    element("MISC", no_map=True),
                    element("NOT", MapTarget("Z99", Relationship.NOT_RELATED)),
                    element(
                        "SEX",
                        MapTarget("N41", Relationship.EQUIVALENT, depends_on=(Dependency("sex", "male"),)),
                        MapTarget("N72", Relationship.EQUIVALENT, depends_on=(Dependency("sex", "female"),)),
                    ),
                    element("7", MapTarget("R07", Relationship.NARROWER)),
                ),
            ),
        ),
    )


@pytest.fixture
def terminology(database: Database, tmp_path: object) -> Iterator[Terminology]:
    with database.session(write=True) as session:
        add_concept_map(session, a_map("1"))
    service = Terminology(database, Settings(data=tmp_path))
    yield service
    service.close()
