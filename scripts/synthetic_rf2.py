#!/usr/bin/env python
"""Write a synthetic SNOMED CT release (RF2 snapshot) of any size, the same for the same seed.

    .venv/bin/python scripts/synthetic_rf2.py FOLDER [--concepts 350000] [--seed 1]

Shape of a national edition: a polyhierarchy of some 1.5 parents a concept and some 20 ancestors, 3–4 descriptions in three
languages with their language reference sets, 3–4 attribute relationships in role groups, concrete values, inactive
concepts with historical associations, simple reference sets. Names are made of word parts, so that they have words, word
beginnings and frequencies as medical names do. Nothing in it is SNOMED CT but the identifiers of the top concepts, of
attribute types and of metadata, which any client must know; all other identifiers are in the namespace 1000999.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import IO

DATE = "20260101"
ROOT = "138875005"
IS_A = "116680003"
CORE_MODULE = "900000000000207008"
MODULE = "11000999104"
SIMPLE_REFSETS = ("9131000999101", "9141000999105", "9151000999107")
LANGUAGE_REFSETS = {
    "en": ("900000000000509007", "900000000000508004"),
    "sv": ("46011000052107",),
    "et": ("71000181105",),
}
_SAME_AS = "900000000000527005"
_PREFERRED, _ACCEPTABLE = "900000000000548007", "900000000000549004"
_FULL_NAME, _SYNONYM = "900000000000003001", "900000000000013009"
_PRIMITIVE, _DEFINED = "900000000000074008", "900000000000073002"
_INFERRED, _EXISTENTIAL = "900000000000011006", "900000000000451002"
_CASELESS = "900000000000448009"
_NAMESPACE = "1000999"

# Top concept → its name, semantic tag, share of all concepts
TOPS = {
    "404684003": ("Clinical finding", "finding", 0.33),
    "71388002": ("Procedure", "procedure", 0.17),
    "123037004": ("Body structure", "body structure", 0.11),
    "410607006": ("Organism", "organism", 0.10),
    "105590001": ("Substance", "substance", 0.09),
    "373873005": ("Pharmaceutical product", "product", 0.07),
    "260787004": ("Physical object", "physical object", 0.04),
    "363787002": ("Observable entity", "observable entity", 0.04),
    "362981000": ("Qualifier value", "qualifier value", 0.03),
    "243796009": ("Situation with explicit context", "situation", 0.02),
}
_MODEL = "900000000000441003"
_ATTRIBUTE = "246061005"
# Attribute type → its name, the tops that have it, the top of its values
_ATTRIBUTES = {
    "363698007": ("Finding site", ("404684003",), "123037004"),
    "116676008": ("Associated morphology", ("404684003",), "123037004"),
    "246075003": ("Causative agent", ("404684003",), "410607006"),
    "363714003": ("Interprets", ("404684003",), "363787002"),
    "246112005": ("Severity", ("404684003", "243796009"), "362981000"),
    "260686004": ("Method", ("71388002",), "362981000"),
    "405813007": ("Procedure site - Direct", ("71388002",), "123037004"),
    "424226004": ("Using device", ("71388002",), "260787004"),
    "363701004": ("Direct substance", ("71388002",), "105590001"),
    "127489000": ("Has active ingredient", ("373873005",), "105590001"),
    "411116001": ("Has manufactured dose form", ("373873005",), "362981000"),
    "704318007": ("Property type", ("363787002",), "362981000"),
    "704319004": ("Inheres in", ("363787002",), "123037004"),
    "246090004": ("Associated finding", ("243796009",), "404684003"),
    "272741003": ("Laterality", ("123037004",), "362981000"),
    "774081006": ("Proper part of", ("123037004",), "123037004"),
    "726542003": ("Has disposition", ("105590001", "260787004"), "362981000"),
}
_STRENGTH = "1142135004"
_ATTRIBUTE_SETS = {top: [kind for kind, (_, tops, _) in _ATTRIBUTES.items() if top in tops] for top in TOPS}

_BEGINNINGS = [
    "cardi", "gastr", "hepat", "nephr", "derm", "oste", "neur", "hemat", "ophthalm", "ot", "rhin", "pneum",
    "bronch", "enter", "col", "proct", "cyst", "ureter", "hyster", "oophor", "salping", "orch", "prostat",
    "mast", "thyr", "aden", "lymph", "splen", "pancreat", "chole", "cholangi", "angi", "arteri", "phleb", "my",
    "myel", "chondr", "arthr", "burs", "tend", "fasci", "cephal", "encephal", "mening", "rachi", "spondyl",
    "cost", "stern", "brachi", "carp", "dactyl", "pod", "odont", "gingiv", "gloss", "stomat", "pharyng",
    "laryng", "trache", "thorac", "pleur", "pericardi", "perit", "hidr", "kerat", "blephar", "irid", "retin",
    "cor", "lip", "glyc", "prote", "erythr", "leuk", "thromb", "cyt", "hist",
]  # fmt: skip
_MIDDLES = ["o", "o", "o", "o", "omyo", "oneuro", "oangio", "oentero", "ofibro", "osclero", "onecro", "opyo", "olitho"]
_ENDS = {  # English, Swedish, Estonian
    "itis": ("itis", "it", "iit"), "pathy": ("pathy", "pati", "paatia"), "oma": ("oma", "om", "oom"),
    "ectomy": ("ectomy", "ektomi", "ektoomia"), "scopy": ("scopy", "skopi", "skoopia"),
    "plasty": ("plasty", "plastik", "plastika"), "algia": ("algia", "algi", "algia"),
    "rrhage": ("rrhage", "rragi", "rraagia"), "ptosis": ("ptosis", "ptos", "ptoos"),
    "stenosis": ("stenosis", "stenos", "stenoos"), "megaly": ("megaly", "megali", "megaalia"),
    "lysis": ("lysis", "lys", "lüüs"), "gram": ("gram", "grafi", "graafia"), "genesis": ("genesis", "genes", "genees"),
}  # fmt: skip
_ADJECTIVES = [  # English, Swedish, Estonian; the first ones come most often
    ("acute", "akut", "äge"), ("chronic", "kronisk", "krooniline"), ("left", "vänster", "vasak"),
    ("right", "höger", "parem"), ("severe", "svår", "raske"), ("mild", "lindrig", "kerge"),
    ("congenital", "medfödd", "kaasasündinud"), ("recurrent", "återkommande", "korduv"),
    ("bilateral", "dubbelsidig", "kahepoolne"), ("infectious", "infektiös", "nakkuslik"),
    ("malignant", "elakartad", "pahaloomuline"), ("benign", "godartad", "healoomuline"),
    ("secondary", "sekundär", "teisene"), ("primary", "primär", "esmane"), ("toxic", "toxisk", "toksiline"),
    ("upper", "övre", "ülemine"), ("lower", "nedre", "alumine"), ("deep", "djup", "sügav"),
    ("superficial", "ytlig", "pindmine"), ("idiopathic", "idiopatisk", "idiopaatiline"),
]  # fmt: skip
_JOINS = [
    ("of", "i", "koht"),
    ("with", "med", "koos"),
    ("due to", "på grund av", "tingitud"),
    ("without", "utan", "ilma"),
]


@dataclass(slots=True)
class _Concept:
    code: str
    top: str
    names: tuple[str, str, str]
    parents: list[int]
    active: bool = True
    children: list[int] = field(default_factory=list)


def write_release(folder: Path, *, concepts: int = 350_000, seed: int = 1) -> Path:
    """Write a release below a folder, which is made.

    Parameters
    ----------
    concepts
        About how many concepts; at least 100.

    Returns
    -------
    The folder.
    """
    chooser = Random(seed)  # noqa: S311  synthetic data, not secrets
    made = _make_concepts(concepts, chooser)
    with _Release(folder) as release:
        _write_metadata(release)
        for place, concept in enumerate(made):
            _write_concept(release, concept, made, chooser, place)
        _write_refsets(release, made, chooser)
    return folder


def identifier(item: int, partition: str = "10") -> str:
    """An identifier of the namespace 1000999: item, namespace, partition, check digit (Verhoeff).

    Source: SNOMED CT Release File Specifications, "SCTID".
    """
    digits = f"{item}{_NAMESPACE}{partition}"
    return digits + check_digit(digits)


def check_digit(digits: str) -> str:
    """Verhoeff's check digit.

    >>> check_digit("11668000")
    '3'
    """
    check = 0
    for place, digit in enumerate(reversed(digits), start=1):
        check = _DIHEDRAL[check][_PERMUTED[place % 8][int(digit)]]
    return str(_INVERSE[check])


# Verhoeff's tables: products of the dihedral group of ten, inverses, powers of a permutation
_DIHEDRAL = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5], [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7], [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3], [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
]  # fmt: skip
_INVERSE = [0, 4, 3, 2, 1, 5, 6, 7, 8, 9]
_PERMUTED = [list(range(10)), [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
while len(_PERMUTED) < 8:
    _PERMUTED.append([_PERMUTED[1][digit] for digit in _PERMUTED[-1]])


def _make_concepts(count: int, chooser: Random) -> list[_Concept]:
    """All concepts below the tops; a parent stands before its children."""
    made: list[_Concept] = []
    for top, (name, _, share) in TOPS.items():
        begin = len(made)
        made.append(_Concept(top, top, (name, name, name), []))
        for number in range(1, max(3, round(count * share))):
            place = len(made)
            parents = _parents(made, begin, number, chooser)
            for parent in parents:
                made[parent].children.append(place)
            item = place * 10 + chooser.randrange(10) + 100_000
            made.append(_Concept(identifier(item), top, make_names(chooser), parents))
    for concept in made:  # only a leaf can be retired without leaving others below nothing
        if concept.parents and not concept.children and chooser.random() < 0.12:
            concept.active = False
    return made


def _parents(made: Sequence[_Concept], begin: int, number: int, chooser: Random) -> list[int]:
    """A parent among the earlier concepts of the top, early ones preferred; further ones are siblings of the first.

    Only so do ancestors stay few: further parents from anywhere would give hundreds of ancestors a concept.
    """
    first = begin + int(number * chooser.random() ** 1.2)
    found = [first]
    while chooser.random() < 0.42 and made[first].parents:
        siblings = made[chooser.choice(made[first].parents)].children
        sibling = chooser.choice(siblings if len(siblings) > 1 else made[begin].children)
        if sibling not in found:
            found.append(sibling)
    return found


def make_names(chooser: Random, lexicon: Sequence[tuple[str, str, str]] = ()) -> tuple[str, str, str]:
    """A name in English, Swedish and Estonian; nouns of a lexicon, if one is given, its first ones most often."""

    def noun() -> tuple[str, str, str]:
        return lexicon[int(len(lexicon) * chooser.random() ** 3)] if lexicon else make_noun(chooser)

    parts: list[tuple[str, str, str]] = []
    while chooser.random() < 0.45:
        parts.append(_ADJECTIVES[int(len(_ADJECTIVES) * chooser.random() ** 2)])
    parts.append(noun())
    if chooser.random() < 0.7:
        parts += [chooser.choice(_JOINS), noun()]
    if chooser.random() < 0.15:
        parts.append(noun())
    english, swedish, estonian = (" ".join(part[place] for part in parts) for place in range(3))
    return english[:1].upper() + english[1:], swedish, estonian


def make_noun(chooser: Random) -> tuple[str, str, str]:
    """A noun of word parts in English, Swedish and Estonian."""
    begin = _BEGINNINGS[int(len(_BEGINNINGS) * chooser.random() ** 1.5)]
    if chooser.random() < 0.5:
        begin += chooser.choice(_MIDDLES) + chooser.choice(_BEGINNINGS)
    ends = _ENDS[chooser.choice(list(_ENDS))]
    joint = "" if ends[0][0] in "aeiou" else "o"
    return begin + joint + ends[0], (begin + joint + ends[1]).replace("c", "k"), begin + joint + ends[2]


# ------------------------------------------------------------------ writing

_FILES = {
    "concept": ("Terminology/sct2_Concept_Snapshot", "id effectiveTime active moduleId definitionStatusId"),
    "description": (
        "Terminology/sct2_Description_Snapshot",
        "id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId",
    ),
    "relationship": (
        "Terminology/sct2_Relationship_Snapshot",
        "id effectiveTime active moduleId sourceId destinationId relationshipGroup typeId characteristicTypeId modifierId",
    ),
    "value": (
        "Terminology/sct2_RelationshipConcreteValues_Snapshot",
        "id effectiveTime active moduleId sourceId value relationshipGroup typeId characteristicTypeId modifierId",
    ),
    "language": (
        "Refset/Language/der2_cRefset_LanguageSnapshot",
        "id effectiveTime active moduleId refsetId referencedComponentId acceptabilityId",
    ),
    "simple": (
        "Refset/Content/der2_Refset_SimpleSnapshot",
        "id effectiveTime active moduleId refsetId referencedComponentId",
    ),
    "association": (
        "Refset/Content/der2_cRefset_AssociationSnapshot",
        "id effectiveTime active moduleId refsetId referencedComponentId targetComponentId",
    ),
    "dependency": (
        "Refset/Metadata/der2_ssRefset_ModuleDependencySnapshot",
        "id effectiveTime active moduleId refsetId referencedComponentId sourceEffectiveTime targetEffectiveTime",
    ),
}


class _Release:
    """The open files of a release, and running numbers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, IO[str]] = {}
        self._stack = ExitStack()
        self._number = 0

    def __enter__(self) -> _Release:
        for kind, (name, columns) in _FILES.items():
            path = self._folder / "Snapshot" / f"{name}_SYN{MODULE}_{DATE}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files[kind] = self._stack.enter_context(path.open("w", encoding="utf-8", newline=""))
            self._files[kind].write(columns.replace(" ", "\t") + "\r\n")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def next_number(self) -> int:
        """A number nobody had before."""
        self._number += 1
        return self._number

    def row(self, kind: str, row_id: str, *fields: str, module: str = MODULE, active: bool = True) -> None:
        """Write one row."""
        self._files[kind].write("\t".join((row_id, DATE, "1" if active else "0", module, *fields)) + "\r\n")

    def concept(self, code: str, *, defined: bool = False, active: bool = True, module: str = MODULE) -> None:
        """Write a concept."""
        self.row("concept", code, _DEFINED if defined else _PRIMITIVE, active=active, module=module)

    def description(self, concept: str, language: str, kind: str, term: str, acceptability: str = _PREFERRED) -> None:
        """Write a description and its place in the language reference sets."""
        number = identifier(self.next_number(), "11")
        self.row("description", number, concept, language, kind, term, _CASELESS)
        for refset in LANGUAGE_REFSETS[language]:
            self.member("language", refset, number, acceptability)

    def member(self, kind: str, refset: str, component: str, *fields: str) -> None:
        """Write a member of a reference set."""
        self.row(kind, f"00000000-0000-4000-8000-{self.next_number():012x}", refset, component, *fields)

    def relationship(self, source: str, kind: str, target: str, group: int = 0) -> None:
        """Write an inferred relationship."""
        number = identifier(self.next_number(), "12")
        self.row("relationship", number, source, target, str(group), kind, _INFERRED, _EXISTENTIAL)

    def value(self, source: str, kind: str, value: str, group: int) -> None:
        """Write a concrete value."""
        number = identifier(self.next_number(), "12")
        self.row("value", number, source, value, str(group), kind, _INFERRED, _EXISTENTIAL)


def _write_metadata(release: _Release) -> None:
    """Root, attribute types, modules and reference sets: what a release needs to be read."""
    named: list[tuple[str, str, str, str]] = [(ROOT, "SNOMED CT Concept", "SNOMED RT+CTV3", "")]
    named += [(_MODEL, "SNOMED CT Model Component", "metadata", ROOT), (_ATTRIBUTE, "Attribute", "attribute", _MODEL)]
    named += [(kind, name, "attribute", _ATTRIBUTE) for kind, (name, _, _) in _ATTRIBUTES.items()]
    named.append((_STRENGTH, "Has presentation strength numerator value", "attribute", _ATTRIBUTE))
    named.append((IS_A, "Is a", "attribute", _MODEL))
    named += [
        (CORE_MODULE, "Core module", "core metadata concept", _MODEL),
        (MODULE, "Synthetic module", "core metadata concept", _MODEL),
    ]
    for refsets in (*LANGUAGE_REFSETS.values(), SIMPLE_REFSETS, (_SAME_AS,)):
        named += [(refset, f"Reference set {refset}", "foundation metadata concept", _MODEL) for refset in refsets]
    for code, name, tag, parent in named:
        release.concept(code, module=CORE_MODULE)
        release.description(code, "en", _FULL_NAME, f"{name} ({tag})")
        release.description(code, "en", _SYNONYM, name)
        if parent:
            release.relationship(code, IS_A, parent)
    release.member("dependency", "900000000000534007", CORE_MODULE, DATE, DATE)


def _write_concept(release: _Release, concept: _Concept, made: Sequence[_Concept], chooser: Random, place: int) -> None:
    tag = TOPS[concept.top][1]
    english, swedish, estonian = concept.names
    release.concept(concept.code, defined=chooser.random() < 0.3, active=concept.active)
    suffix = f" {place}" if concept.parents else ""  # full names are unique in a release
    release.description(concept.code, "en", _FULL_NAME, f"{english}{suffix} ({tag})")
    release.description(concept.code, "en", _SYNONYM, english)
    if chooser.random() < 0.35:
        release.description(
            concept.code, "en", _SYNONYM, f"{english.split()[-1]} {chooser.choice(_BEGINNINGS)}", _ACCEPTABLE
        )
    if chooser.random() < 0.8:
        release.description(concept.code, "sv", _SYNONYM, swedish)
    if chooser.random() < 0.4:
        release.description(concept.code, "et", _SYNONYM, estonian)
    if concept.active:
        for parent in concept.parents:
            release.relationship(concept.code, IS_A, made[parent].code)
        if not concept.parents:
            release.relationship(concept.code, IS_A, ROOT)
        _write_attributes(release, concept, made, chooser)


def _write_attributes(release: _Release, concept: _Concept, made: Sequence[_Concept], chooser: Random) -> None:
    """Some 3.5 attributes a concept, in role groups of one to three."""
    kinds = _ATTRIBUTE_SETS[concept.top]
    if not kinds or not concept.parents:
        return
    group = 0
    while chooser.random() < (0.75 if len(kinds) > 1 else 0.4):
        group += 1
        for kind in chooser.sample(kinds, min(len(kinds), chooser.choice((1, 2, 2, 3)))):
            release.relationship(concept.code, kind, _value_of(_ATTRIBUTES[kind][2], made, chooser), group)
    if concept.top == "373873005":
        release.value(concept.code, _STRENGTH, f"#{chooser.choice((0.5, 1, 5, 10, 25, 100, 500))}", group + 1)


def _value_of(top: str, made: Sequence[_Concept], chooser: Random) -> str:
    """A concept below a top; general ones, which stand first, more often."""
    begin, count = _range_of(top, len(made))
    while True:
        value = made[min(begin + int(count * chooser.random() ** 3), len(made) - 1)]
        if value.active and value.top == top:
            return value.code


def _range_of(top: str, total: int) -> tuple[int, int]:
    begin = 0.0
    for code, (_, _, share) in TOPS.items():
        if code == top:
            return int(begin * total), max(3, int(share * total))
        begin += share
    raise KeyError(top)


def _write_refsets(release: _Release, made: Sequence[_Concept], chooser: Random) -> None:
    """Simple reference sets of 2 % each, historical associations of the retired."""
    active = [concept.code for concept in made if concept.active]
    for refset in SIMPLE_REFSETS:
        for code in sorted(chooser.sample(active, max(1, len(active) // 50))):
            release.member("simple", refset, code)
    for concept in _retired(made):
        release.member("association", _SAME_AS, concept.code, chooser.choice(active))


def _retired(made: Iterable[_Concept]) -> Iterator[_Concept]:
    return (concept for concept in made if not concept.active)


def main() -> None:
    """Write a release and say where."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--concepts", type=int, default=350_000)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    print(write_release(given.folder, concepts=given.concepts, seed=given.seed))


if __name__ == "__main__":
    main()
