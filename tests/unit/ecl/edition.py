"""A small synthetic edition: invented concepts, attributes and texts; metadata by the identifiers that everybody uses."""

from __future__ import annotations

import tempfile
from pathlib import Path

from termserver.index.attributes import AttributesBuilder, open_attributes
from termserver.index.concepts_part import ConceptsBuilder, open_concepts
from termserver.index.constraint_index import ConstraintIndex
from termserver.model.code_system import Concept, ConceptProperty, RefsetMember
from termserver.model.coding import Coding, DescriptionDetails, Designation

SNOMED = "http://snomed.info/sct"
US, GB, SV = "900000000000509007", "900000000000508004", "46011000052107"
PREFERRED, ACCEPTABLE = "900000000000548007", "900000000000549004"
FSN, SYNONYM = "900000000000003001", "900000000000013009"
CORE, NATIONAL = "900000000000207008", "999001"
SITE, DIRECT_SITE, MORPHOLOGY, AGENT, LATERALITY = "500001", "500011", "500002", "500003", "500008"
STRENGTH, COUNT, LABEL, FLAG = "500004", "500005", "500006", "500007"
SIMPLE, MAP = "800001", "800002"
SAME_AS, REPLACED_BY, POSSIBLY = "900000000000527005", "900000000000526001", "900000000000523009"

# Parents by code
_HIERARCHY: dict[str, tuple[str, ...]] = {
    "138875005": (),
    "100000": ("138875005",),  # finding
    "100001": ("100000",),  # disease
    "100002": ("100000",),  # symptom
    "100011": ("100001",),  # liver disease
    "100012": ("100001",),  # hand disease
    "100111": ("100011",),  # hepatitis
    "100112": ("100111",),  # viral hepatitis
    "100113": ("100011",),  # two liver lesions
    "100121": ("100011", "100012"),  # hand and liver disease
    "200000": ("138875005",),  # body structure
    "200001": ("200000",),  # liver
    "200011": ("200001",),  # left lobe
    "200002": ("200000",),  # hand
    "200021": ("200002",),  # left hand
    "300000": ("138875005",),  # morphology
    "300001": ("300000",),  # inflammation
    "300002": ("300000",),  # fracture
    "400000": ("138875005",),  # organism
    "400001": ("400000",),  # virus
    "500000": ("138875005",),  # attribute
    SITE: ("500000",),
    DIRECT_SITE: (SITE,),
    MORPHOLOGY: ("500000",),
    AGENT: ("500000",),
    LATERALITY: ("500000",),
    STRENGTH: ("500000",),
    COUNT: ("500000",),
    LABEL: ("500000",),
    FLAG: ("500000",),
    "116680003": ("500000",),
    "600000": ("138875005",),  # product
    "600001": ("600000",),
    "600002": ("600000",),
    "700001": ("138875005",),  # left
    "900000000000455006": ("138875005",),  # reference set
    SIMPLE: ("900000000000455006",),
    MAP: ("900000000000455006",),
    "900000000000522004": ("900000000000455006",),
    SAME_AS: ("900000000000522004",),
    REPLACED_BY: ("900000000000522004",),
    POSSIBLY: ("900000000000522004",),
    US: ("900000000000455006",),
    GB: ("900000000000455006",),
    SV: ("900000000000455006",),
    CORE: ("138875005",),
    NATIONAL: ("138875005",),
    FSN: ("138875005",),
    SYNONYM: ("138875005",),
    "900000000000550004": ("138875005",),
    "900000000000073002": ("138875005",),
    "900000000000074008": ("138875005",),
    "30051010000102": ("138875005",),  # identifier scheme
}
INACTIVE = ("150001", "150002", "150003")
_DEFINED = {"100011", "100111", "100112"}

# Role group, attribute and value, by code
_ATTRIBUTES: dict[str, list[tuple[int, str, str | int | float | bool]]] = {
    "100011": [(1, SITE, "200001")],
    "100012": [(1, SITE, "200002")],
    "100111": [(1, SITE, "200001"), (1, MORPHOLOGY, "300001")],
    "100112": [(1, SITE, "200001"), (1, MORPHOLOGY, "300001"), (0, AGENT, "400001")],
    "100113": [(1, SITE, "200001"), (1, MORPHOLOGY, "300001"), (2, SITE, "200011"), (2, MORPHOLOGY, "300002")],
    "100121": [(1, SITE, "200001"), (1, MORPHOLOGY, "300001"), (2, DIRECT_SITE, "200021"), (2, MORPHOLOGY, "300002")],
    "200021": [(0, LATERALITY, "700001")],
    "600001": [(1, STRENGTH, 5), (0, COUNT, 1), (0, FLAG, True)],
    "600002": [(1, STRENGTH, 10.5), (0, COUNT, 2), (0, FLAG, False), (0, LABEL, "Slow release")],
}

# Text, language, kind, whether active, places in language reference sets; by code
_NAMES: dict[str, list[tuple[str, str, str, bool, tuple[tuple[str, str], ...]]]] = {
    "100111": [
        ("Hepatitis (disorder)", "en", FSN, True, ((US, PREFERRED), (GB, PREFERRED))),
        ("Hepatitis", "en", SYNONYM, True, ((US, PREFERRED), (GB, ACCEPTABLE))),
        ("Liver inflammation", "en", SYNONYM, True, ((US, ACCEPTABLE), (GB, PREFERRED))),
        ("Leverinflammation", "sv", SYNONYM, True, ((SV, PREFERRED),)),
        ("Inflamed liver, old name", "en", SYNONYM, False, ()),
    ],
    "100112": [
        ("Viral hepatitis (disorder)", "en", FSN, True, ((US, PREFERRED),)),
        ("Viral hepatitis", "en", SYNONYM, True, ((US, PREFERRED),)),
    ],
    "100012": [
        ("Hand disease (disorder)", "en", FSN, True, ((US, PREFERRED),)),
        ("Handåkomma", "sv", SYNONYM, True, ((SV, ACCEPTABLE),)),
        ("Sjukdom i händer", "sv", SYNONYM, True, ((SV, PREFERRED),)),
        ("50% 4*4 rule", "en", SYNONYM, True, ()),
    ],
}
_MEMBERS: dict[str, list[RefsetMember]] = {
    "100111": [
        RefsetMember(SIMPLE, CORE, "20200131"),
        RefsetMember(
            MAP, NATIONAL, "20250131", True, (("mapTarget", "K75.9"), ("mapPriority", "1"), ("mapRule", "TRUE"))
        ),
    ],
    "100012": [
        RefsetMember(SIMPLE, NATIONAL, "20250131"),
        RefsetMember(
            MAP, NATIONAL, "20200131", True, (("mapTarget", "M79.9"), ("mapPriority", "2"), ("mapRule", "FALSE"))
        ),
    ],
    "100113": [RefsetMember(SIMPLE, CORE, "20240131", False)],
    "150001": [
        RefsetMember(SIMPLE, CORE, "20200131"),
        RefsetMember(SAME_AS, CORE, "20200131", True, (("targetComponentId", "100111"),)),
    ],
    "150002": [RefsetMember(REPLACED_BY, CORE, "20200131", True, (("targetComponentId", "100011"),))],
    "150003": [RefsetMember(POSSIBLY, CORE, "20200131", True, (("targetComponentId", "100012"),))],
}


def concepts() -> list[Concept]:
    """The concepts, in the order of their codes."""
    return [_concept(code) for code in sorted((*_HIERARCHY, *INACTIVE))]


def _concept(code: str) -> Concept:
    names = [
        Designation(
            text,
            language,
            Coding(SNOMED, kind),
            details=DescriptionDetails(f"{code}{number}", NATIONAL if language == "sv" else CORE, "20240131", places),
        )
        for number, (text, language, kind, _, places) in enumerate(_NAMES.get(code, []))
    ]
    is_active = [active for *_, active, _ in _NAMES.get(code, [])]
    identifier = [ConceptProperty("alternateIdentifier", Coding("30051010000102", "1234-5"), "Coding")]
    return Concept(
        code,
        "LOINC code" if code == "30051010000102" else f"Concept {code}",
        tuple(name for name, active in zip(names, is_active, strict=True) if active),
        (
            ConceptProperty("effectiveTime", "20250131" if code.startswith("6") else "20200131"),
            ConceptProperty("moduleId", NATIONAL if code.startswith("6") else CORE, "code"),
            ConceptProperty("sufficientlyDefined", code in _DEFINED, "boolean"),
            *(identifier if code == "100112" else []),
            *(
                ConceptProperty(name, value, "code" if isinstance(value, str) and value.isdigit() else "string", group)
                for group, name, value in _ATTRIBUTES.get(code, [])
            ),
        ),
        _HIERARCHY.get(code, ()),
        active=code not in INACTIVE,
        definition="A hand that ails." if code == "100012" else None,
        members=tuple(_MEMBERS.get(code, ())),
        former_designations=tuple(name for name, active in zip(names, is_active, strict=True) if not active),
    )


def open_edition(folder: Path | None = None) -> ConstraintIndex:
    """The edition, built and opened as the server does."""
    root = Path(tempfile.mkdtemp(dir=folder))
    for name, builder in (("concepts", ConceptsBuilder), ("attributes", AttributesBuilder)):
        place = root / name
        place.mkdir()
        writer = builder(place)
        for concept in concepts():
            writer.add(concept)
        writer.finish()
        writer.close()
    attributes = open_attributes(root / "attributes")
    assert attributes is not None
    return ConstraintIndex(*open_concepts(root / "concepts"), attributes)
