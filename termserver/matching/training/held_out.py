"""What training must not see, so that the reported figures are honest: a tenth of the ICD-10 codes, a tenth of the gold terms.

Held out by content, not by file: the titles of a held-out code in every language, and the text of a held-out gold term,
are removed from every source.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from termserver.matching.normalise.common import skel
from termserver.matching.training.sources import Concept, read_table, whole_titles

ICD = "http://hl7.org/fhir/sid/icd-10"
TITLE_FILES = {
    "sv": ("code_systems/icd-10-se/icd10se.tsv", "title_sv"),
    "nb": ("code_systems/icd-10-no/icd10no.tsv", "title_nb"),
    "da": ("code_systems/icd-10-da/icd10da.tsv", "title_da"),
    "fi": ("code_systems/icd-10-fi/icd10_fi_sv_la_en.csv", "name_fi"),
    "et": ("code_systems/icd-10-et/rhk10_et_la_en.csv", "name_et"),
}
GOLD_COLUMNS = (
    "source_code",
    "source_term",
    "language",
    "context",
    "frequency",
    "target_system",
    "target_code",
    "target_display",
    "relationship",
)


@dataclass(frozen=True, slots=True)
class Fold:
    """A share of the codes and gold terms that one model must not see.

    Parameters
    ----------
    slots
        Of the twenty slots of the hash, 0 to 19. The test set is slots 0 and 1; cross-fitting of the ranker uses others.
    """

    slots: frozenset[int]

    def holds_code(self, code: str) -> bool:
        """Whether an ICD-10 code is held out: by its first five characters, so national subdivisions go with their parent."""
        return slot_of(code[:5]) in self.slots

    def holds_term(self, term: str) -> bool:
        """Whether a gold term is held out, by its skeleton."""
        return slot_of("term " + skel(term)) in self.slots


TEST = Fold(frozenset({0, 1}))
CALIBRATION = Fold(frozenset({1}))  # of TEST: no ranking is fitted to it, so recall on TEST stays honest
REPORTED = Fold(TEST.slots - CALIBRATION.slots)  # probabilities are measured on what is left


def slot_of(text: str) -> int:
    """The slot of a text, 0 to 19, the same on every machine.

    >>> slot_of("A00.1")
    17
    """
    return zlib.crc32(b"termserver held out " + text.encode()) % 20


def without_held_out(concepts: Iterable[Concept], fold: Fold, gold_terms: Iterable[str]) -> list[Concept]:
    """The concepts that training may see, held-out names removed from all of them."""
    concepts = list(concepts)
    forbidden = {skel(term) for term in gold_terms if fold.holds_term(term)}
    for concept in concepts:
        if _is_held(concept, fold):
            forbidden.update(skel(name) for language, name in concept.names if language != "en")
    kept = []
    for concept in concepts:
        if not _is_held(concept, fold):
            names = tuple(
                (language, name) for language, name in concept.names if language == "en" or skel(name) not in forbidden
            )
            if names:
                kept.append(replace(concept, names=names))
    return kept


def _is_held(concept: Concept, fold: Fold) -> bool:
    kind, _, code = concept.key.partition(":")
    return kind in {"icd", "composed"} and fold.holds_code(code.rpartition(":")[2])


def held_out_titles(data: Path, fold: Fold) -> dict[str, list[dict[str, str]]]:
    """Gold rows of the held-out ICD-10 codes: national title → English WHO title, per language.

    Estonian fragments get their category's title in front (`sources.whole_titles`); `et-fragments` has them as they are.
    """
    english = {row["code"]: row["display"] for row in read_table(data / "targets/icd10_who_en.csv")}
    gold: dict[str, list[dict[str, str]]] = {}
    for language, (path, column) in TITLE_FILES.items():
        titles: dict[str, str] = {}
        for row in read_table(data / path):
            if row.get(column):
                titles.setdefault(row["code"], row[column])
        editions = {language: titles}
        if language == "et":
            editions = {"et": whole_titles(titles, english), "et-fragments": titles}
        for name, edition in editions.items():
            held = [(code, title) for code, title in edition.items() if code in english and fold.holds_code(code)]
            gold[name] = [
                dict(
                    zip(
                        GOLD_COLUMNS,
                        (f"h{number:05d}", title, language, "", "", ICD, code, english[code], "equivalent"),
                        strict=True,
                    )
                )
                for number, (code, title) in enumerate(held, start=1)
            ]
    return gold


def write_gold(path: Path, rows: Sequence[dict[str, str]]) -> None:
    """A gold file as `termserver evaluate` reads it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, GOLD_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
