"""Parallel terms from the data folder: which file, which columns, which language.

A `Concept` is a set of names that mean the same. ICD-10 titles of all countries meet under one key, `icd:<code>`; the other
sources bring their own keys. Nothing is filtered here: `held_out` decides what training may see.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from termserver.errors import MatchingError
from termserver.matching.index import untagged
from termserver.matching.normalise.common import words_of

_ICD_CODE = re.compile(r"[A-Z]\d\d(\.\d\w?)?")
_NCSP_CODE = re.compile(r"[A-Z]{3}\d\d")  # the Nordic core; each country numbers the rest in its own way


@dataclass(frozen=True, slots=True)
class Concept:
    """Names of one thing.

    Parameters
    ----------
    key
        `icd:A00.1`, `icpc:A01`, …; concepts of equal key are merged.
    names
        Pairs (BCP-47 language, name). `x-code` marks a formula such as an NPU definition.
    source
        Folder or file name, for the model card.
    weight
        How often an epoch shows it; general dictionaries get less than 1, curated words more.
    """

    key: str
    names: tuple[tuple[str, str], ...]
    source: str
    weight: float = 1.0


def read_table(path: Path) -> Iterator[dict[str, str]]:
    """Rows of a CSV or TSV file with a header; empty for a missing file. Cells are stripped."""
    if not path.exists():
        return
    delimiter = "\t" if path.suffix == ".tsv" else ","
    with path.open(encoding="utf-8-sig", newline="") as stream:
        first = stream.readline()
        stream.seek(0)
        if delimiter == "," and first.count("\t") > first.count(","):
            delimiter = "\t"
        reader = (
            csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            if path.suffix == ".tsv"
            else csv.DictReader(stream, delimiter=delimiter)
        )
        for row in reader:
            yield {
                name: (value or "").strip()
                for name, value in row.items()
                if isinstance(name, str) and not isinstance(value, list)
            }


# file below the data folder, prefix of the key, column of the code, language → columns
_TABLES: tuple[tuple[str, str, str, dict[str, tuple[str, ...]]], ...] = (
    ("code_systems/icd-10-who/icd10_who_en.tsv", "icd", "code", {"en": ("title_en",)}),
    ("code_systems/icd-10-se/icd10se.tsv", "icd", "code", {"sv": ("title_sv",)}),
    ("code_systems/icd-10-no/icd10no.tsv", "icd", "code", {"nb": ("title_nb",)}),
    ("code_systems/icd-10-da/icd10da.tsv", "icd", "code", {"da": ("title_da",)}),
    (
        "code_systems/icd-10-fi/icd10_fi_sv_la_en.csv",
        "icd",
        "code",
        {"fi": ("name_fi", "short_fi"), "sv": ("name_sv",), "la": ("name_la",), "en": ("name_en",)},
    ),
    (
        "code_systems/icd-10-et/rhk10_et_la_en.csv",
        "icd",
        "code",
        {"et": ("name_et",), "la": ("name_la",), "en": ("name_en",)},
    ),
    (
        "code_systems/icpc-2-fi/icpc2_fi_sv_en.csv",
        "icpc",
        "code",
        {"fi": ("name_fi",), "sv": ("name_sv",), "en": ("name_en",)},
    ),
    ("code_systems/icpc-2-no/icpc2no.tsv", "icpc", "code", {"nb": ("title_nb",)}),
    ("code_systems/icpc-2-dk/icpc2dk.tsv", "icpc", "code", {"da": ("title_da",)}),
    ("code_systems/atc/atc_en_nb_da.tsv", "atc", "atc", {"en": ("en_ema",), "nb": ("nb",), "da": ("da",)}),
    (
        "code_systems/ncsp-fi/ncsp_fi_sv_en.csv",
        "ncsp",
        "code",
        {"fi": ("name_fi",), "sv": ("name_sv",), "en": ("name_en_thl", "name_en_finomop")},
    ),
    ("code_systems/ncsp-et/ncsp_et.csv", "ncsp", "code", {"et": ("name_et",), "en": ("long_et",)}),
    ("code_systems/kva-se/kva.tsv", "ncsp", "code", {"sv": ("title_sv",)}),
    (
        "code_systems/spat-fi/spat_fi_sv_en.csv",
        "spat",
        "code",
        {"fi": ("name_fi",), "sv": ("name_sv",), "en": ("name_en_finomop",)},
    ),
    (
        "code_systems/lab-fi/thl_kuntaliitto_lab_fi_sv.csv",
        "labfi",
        "code",
        {"fi": ("name_fi", "abbrev"), "sv": ("name_sv",), "en": ("name_en_finomop",)},
    ),
    ("code_systems/nlk-no/nlk_7280.77.csv", "npu", "kode", {"nb": ("norsk_bruksnavn",), "en": ("kodedefinisjon",)}),
    ("code_systems/npu-dk/npu_da.tsv", "npu", "npu", {"da": ("display_da",)}),
    ("code_systems/doseforms-et/doseforms_et.csv", "doseform", "Kood", {"et": ("Nimetus", "Lühinimetus")}),
    (
        "parallel/edqm_nine_languages.csv",
        "edqm",
        "code",
        {
            **{language: (language,) for language in ("en", "sv", "nb", "nn", "da", "is", "fi", "et", "lv", "lt")},
            "no": ("no",),
        },
    ),
    ("code_systems/microbes-fi/microbes_fi.csv", "microbe", "code", {"la": ("name",), "fi": ("synonym",)}),
    (
        "code_systems/pathogens-et/pathogens_et.csv",
        "sct",
        "Kood",
        {"et": ("Nimetus", "Lühinimetus"), "en": ("Pikk_nimetus",)},
    ),
)
# how often an epoch shows a row; single words of Icelandic, Latvian and Lithuanian, for which there is little else, more often
LEXICONS = {
    "core_lexicon.csv": 2.0,
    "medical_lexicon.csv": 2.0,
    "clinical_lexicon.csv": 1.0,
    "procedure_lexicon.csv": 1.0,
    "anatomy_lexicon.csv": 1.0,
    "lab_lexicon.csv": 0.6,
    "everyday_lexicon.csv": 0.5,
    "plain_lexicon.csv": 0.5,
    "disorder_lexicon.csv": 1.0,
    "finding_lexicon.csv": 1.0,
    "intervention_lexicon.csv": 1.0,
    "care_lexicon.csv": 1.0,
    "structure_lexicon.csv": 1.0,
    "synonym_lexicon.csv": 1.0,
    "latin_lexicon.csv": 1.0,
    "title_word_lexicon.csv": 1.0,
}
_FORMS_A_LANGUAGE = 2.0  # of a row; it weighs no more than so many of each language would, however many it has
# whose forms are inflections, each a word to learn
_OF_WORDS = frozenset({"core_lexicon.csv", "medical_lexicon.csv", "title_word_lexicon.csv"})
# columns of a lexicon that hold words of several languages: the old lists of these write Latin
_COLUMNS = {"la": ("da", "fi", "et", "lv")}
_DICTIONARIES = (
    "wiktionary",
    "omw_icewordnet",
    "omw_wikt",
    "eurovoc",
)  # GPL and AGPL dictionaries stay out of shipped weights


def read_concepts(data: Path) -> list[Concept]:
    """All parallel concepts of a data folder, in a fixed order.

    Raises
    ------
    MatchingError
        If the folder holds none of the known files.
    """
    concepts = [
        *_tabular(data),
        *_estonian_wholes(data),
        *_primary_care(data),
        *_estonian_lists(data),
        *_surgery(data),
        *_openehr(data),
    ]
    if not concepts:
        raise MatchingError(
            f"{data}: none of the known parallel files is here; name the folder that holds code_systems/ and parallel/"
        )
    return [*concepts, *core_lexicon(data), *read_dictionaries(data)]


def icd_code(code: str) -> str:
    """`A045` → `A04.5`, `DE110A` → `E11.0`; others unchanged.

    >>> icd_code("A045"), icd_code("A04")
    ('A04.5', 'A04')
    """
    if re.fullmatch(r"[A-Z]\d\d\d\w?", code):
        return f"{code[:3]}.{code[3:]}"
    return code


def _tabular(data: Path) -> Iterator[Concept]:
    for path, prefix, code_column, columns in _TABLES:
        for row in read_table(data / path):
            code = row.get(code_column, "").rstrip("*+†")
            if prefix == "icd" and not _ICD_CODE.fullmatch(code):
                continue
            names = tuple(
                (
                    "nb" if language == "no" else language,
                    untagged(row[column], None) if language == "en" else row[column],
                )
                for language, cells in columns.items()
                for column in cells
                if row.get(column)
            )
            if code and names:
                shared = prefix != "ncsp" or _NCSP_CODE.fullmatch(code)
                yield Concept(f"{prefix if shared else path}:{code}", names, path)


def whole_titles(titles: Mapping[str, str], english: Mapping[str, str]) -> dict[str, str]:
    """Titles that are fragments with the title of their category in front.

    Estonian five-character titles say "Larynx" where WHO says "Carcinoma in situ: Larynx"; the colon in WHO's title tells.

    >>> whole_titles({"D02": "Kasvaja", "D02.0": "Kõri"}, {"D02.0": "Carcinoma in situ: Larynx"})
    {'D02': 'Kasvaja', 'D02.0': 'Kasvaja: Kõri'}
    """
    return {
        code: f"{titles[code[:3]]}: {title}"
        if ":" in english.get(code, "") and len(code) > 3 and code[:3] in titles
        else title
        for code, title in titles.items()
    }


def _estonian_wholes(data: Path) -> Iterator[Concept]:
    path = "code_systems/icd-10-et/rhk10_et_la_en.csv"
    english = {row["code"]: row["title_en"] for row in read_table(data / "code_systems/icd-10-who/icd10_who_en.tsv")}
    titles = {row["code"]: row["name_et"] for row in read_table(data / path) if row["term_rank"] == "1"}
    for code, title in whole_titles(titles, english).items():
        if title != titles[code]:
            yield Concept(f"icd:{code}", (("et", title),), path)


def _primary_care(data: Path) -> Iterator[Concept]:
    """Swedish primary-care titles whose code is one ICD-10 code."""
    path = "code_systems/icd-10-se/ksh97p_primarycare.tsv"
    for row in read_table(data / path):
        code = icd_code(row["code"])
        if _ICD_CODE.fullmatch(code):
            yield Concept(f"icd:{code}", (("sv", row["title_sv"]),), path)


def _estonian_lists(data: Path) -> Iterator[Concept]:
    """Estonian national lists that give SNOMED CT's fully specified name beside the Estonian one."""
    column = "Pikk_nimetus (SNOMED CT FSN)"
    for path in sorted((data / "code_systems/national-lists-et/lists").glob("*.csv")):
        for row in read_table(path):
            if row.get(column) and row.get("Nimetus") and row["Nimetus"] != row[column]:
                yield Concept(
                    f"sct:{row['Kood']}",
                    (("et", row["Nimetus"]), ("en", untagged(row[column], None))),
                    "code_systems/national-lists-et",
                )


def _surgery(data: Path) -> Iterator[Concept]:
    path = "parallel/ncsp_surgery_sv_da.tsv"
    for row in read_table(data / path):
        danish = (
            row["da"].replace("ae", "æ").replace("oe", "ø").replace("aa", "å")
        )  # SKS was transliterated by its packager
        yield Concept(f"ncsp:{row['ncsp_code']}", (("sv", row["sv"]), ("da", danish)), path)


def _openehr(data: Path) -> Iterator[Concept]:
    path = "parallel/openehr_en_x.csv"
    for row in read_table(data / path):
        if row["language"] in {"nb", "sv", "fi", "da"} and len(row["text"]) < 90:
            yield Concept(
                f"openehr:{row['archetype']}:{row['node']}",
                ((row["language"], row["text"]), ("en", row["text_en"])),
                path,
                0.5,
            )


def core_lexicon(data: Path | None = None) -> Iterator[Concept]:
    """Medical words and phrases with English, written by us; `|` parts names of one language: forms, synonyms, abbreviations.

    A data folder with a folder `lexicons/` has its own files of these names, which are read instead.

    Of Icelandic, Latvian and Lithuanian: `core`, `medical` and `title_word_lexicon.csv` (what disease titles are made of). Of the
    languages with national lists: what clinics call diagnoses, symptoms, tests and services (`clinical`), what is done to
    patients (`procedure`), the body, findings under the microscope and qualifiers (`anatomy`), accidents, substances, family
    and surroundings (`everyday`), plain words with their inflected forms (`plain`); `latin_lexicon.csv` has the Latin of
    old lists. Of all eight: laboratory names as LOINC and NPU mean them (`lab`), diagnoses (`disorder`), symptoms, injuries,
    causes and reasons for contact (`finding`), procedures and services (`intervention`), people, places, qualifiers,
    substances and specimens (`care`), body structures, morphology and devices (`structure`), things with two names
    (`synonym`). The first English name is the one that classifications would carry.
    """
    folder, source = Path(__file__).parent, "termserver/matching/training"
    if data is not None and (data / "lexicons").is_dir():
        folder, source = data / "lexicons", "lexicons"
    for file, weight in LEXICONS.items():
        most = math.inf if file in _OF_WORDS else _FORMS_A_LANGUAGE
        for row in read_table(folder / file):
            english = row.pop("en").split("|")
            names = [
                (language, form)
                for column, forms in row.items()
                for language in _COLUMNS.get(column, (column,))
                for form in forms.split("|")
                if form
            ]
            yield Concept(
                f"lexicon:{english[0]}",
                (*(("en", name) for name in english), *names),
                f"{source}/{file}",
                weight * min(1.0, most * len({language for language, _ in names}) / max(1, len(names))),
            )


def read_dictionaries(data: Path) -> Iterator[Concept]:
    """General words of is, lv, lt (and EuroVoc) whose English is made of words that occur among the English target names.

    Unfiltered dictionaries hurt (MATCHING.md); up to four inflected forms follow each headword.
    """
    known = _english_words(data)
    for language in ("is", "lv", "lt", "et", "fi", "sv", "da"):
        names = _DICTIONARIES if language in {"is", "lv", "lt"} else ("eurovoc",)
        inflections: dict[str, list[str]] = {}
        for row in read_table(data / f"parallel/dictionaries/{language}_inflections.csv"):
            forms = inflections.setdefault(row["lemma"], [])
            if len(forms) < 4 and row["form"] != row["lemma"]:
                forms.append(row["form"])
        for name in names:
            path = f"parallel/dictionaries/{language}_{name}.csv"
            for row in read_table(data / path):
                english = words_of(row["term_en"])
                if english and len(english) <= 4 and row["term_x"] and all(word in known for word in english):
                    forms = [row["term_x"], *inflections.get(row["term_x"], ())]
                    texts = tuple((language, form) for form in forms)
                    yield Concept(
                        f"word:{row['term_en'].lower()}:{language}:{row['term_x']}",
                        (("en", row["term_en"]), *texts),
                        path,
                        0.35,
                    )


def _english_words(data: Path) -> frozenset[str]:
    """Words of the English target names."""
    texts = (row["display"] for path in sorted((data / "targets").glob("*.csv")) for row in read_table(path))
    return frozenset(word for text in texts for word in words_of(text) if len(word) > 2)
