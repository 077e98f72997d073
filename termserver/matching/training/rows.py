"""Ranked examples for the ranker: gold maps and national titles that one model has not seen, with features and right answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from termserver.matching.attributes import AttributeModel
from termserver.matching.evaluation import GoldRow, read_gold, read_targets
from termserver.matching.features import Described, describe
from termserver.matching.index import TargetIndex, build_index, untagged
from termserver.matching.labs import analyte_of
from termserver.matching.learned_names import LearnedNames
from termserver.matching.normalise.common import skel
from termserver.matching.normalise.tables import typed_values, without_unspecified
from termserver.matching.own_model import OwnModel
from termserver.matching.pivot import Pivot, Reader, SortedWords
from termserver.matching.profile import profile_of
from termserver.matching.queries import languages_in, query_of
from termserver.matching.search import block_size, find, scope_of
from termserver.matching.setting import settings_of
from termserver.matching.training.held_out import ICD, TITLE_FILES, Fold
from termserver.matching.training.sources import Concept, icd_code, read_table, whole_titles
from termserver.matching.word_costs import WordCosts, WordsLeft
from termserver.model.candidate import SourceTerm, Target
from termserver.model.coding import Designation

RankedList = tuple[str, list[Target], list[GoldRow]]
SAMPLES = Fold(frozenset(range(10)))  # slots of our own samples' terms that the ranker is fitted to
CALIBRATED_SAMPLES = Fold(frozenset(range(10, 15)))
MEASURED_SAMPLES = Fold(frozenset(range(15, 20)))
SMALL_ROWS = 30  # rows of a list that get their right target in a small system
NONSENSE_ROWS = 12  # rows without meaning among the rows of each list
_LABORATORIES = (
    "npu:",
    "labfi:",
    "gold:http://loinc.org",
    "gold:http://npu-terminology.org",
    "gold:https://fhir-terminology",
)
GOLD_WEIGHT = 4.0  # a curated pair is worth four titles
ANALYTE_WEIGHT = 0.5
POOLS = {
    ICD: "icd10_who_en.csv",
    "http://snomed.info/sct": "snomed_sample.csv",
    "http://loinc.org": "loinc_sample.csv",
    "https://fhir-terminology.ohdsi.org": "omop_concepts.csv",
    "http://npu-terminology.org": "npu_en.csv",
}


@dataclass(frozen=True, slots=True)
class Examples:
    """Candidates of many rows with features.

    Parameters
    ----------
    row
        Shape (n_pairs,), rising; rows without a right candidate are kept.
    features
        Shape (n_pairs, n_features), float32.
    right
        Shape (n_pairs,).
    kind
        Shape (n_rows,): number of the list each row comes from.
    lists
        Names of the lists.
    left
        Words of each pair without a counterpart, for the costs of words.
    setting
        Shape (n_pairs,): language and system, as `settings_of` numbers them.
    """

    row: NDArray[np.int64]
    features: NDArray[np.float32]
    right: NDArray[np.bool_]
    kind: NDArray[np.int64]
    lists: tuple[str, ...]
    left: WordsLeft
    setting: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What was learned from all that a fold lets be seen.

    Parameters
    ----------
    learned
        The learned names that the rows of a list meet, by the list's name.
    """

    model: OwnModel
    attributes: AttributeModel
    costs: WordCosts
    pivot: Pivot
    learned: Callable[[str], LearnedNames]


def gold_files(data: Path) -> list[Path]:
    """Gold maps of the data folder."""
    return sorted((data / "gold").glob("*.csv"))


def gold_concepts(data: Path, fold: Fold) -> list[Concept]:
    """Curated pairs as parallel names, held-out terms left out: with context and without, target by target."""
    concepts: list[Concept] = []
    for path in gold_files(data):
        for row in read_table(path):
            if not fold.holds_term(row["source_term"]):
                language = row["language"] or "und"
                context = query_of(
                    SourceTerm(row["source_term"], row["language"], context=_context(row["context"]))
                ).with_context
                names = (
                    (language, row["source_term"]),
                    *(((language, context),) if context != row["source_term"] else ()),
                    ("en", untagged(row["target_display"], None)),
                )
                concepts.append(
                    Concept(
                        _gold_key(row["target_system"], row["target_code"]), names, f"gold/{path.name}", GOLD_WEIGHT
                    )
                )
    return concepts


def analyte_concepts(concepts: Iterable[Concept]) -> list[Concept]:
    """What laboratory names measure, as names of their own, where a name says more than that."""
    found: list[Concept] = []
    for concept in concepts:
        if concept.key.startswith(_LABORATORIES):
            names = tuple(dict.fromkeys((language, analyte_of(name)) for language, name in concept.names))
            if names != concept.names:
                found.append(Concept(f"analyte:{concept.key}", names, concept.source, ANALYTE_WEIGHT))
    return found


def _gold_key(system: str, code: str) -> str:
    """Gold on ICD-10 joins the titles of its code, so that it is held out with them."""
    return f"icd:{code}" if system == ICD else f"gold:{system}:{code}"


def _context(text: str) -> dict[str, str]:
    from termserver.matching.evaluation import read_context

    return dict(read_context(text))


def gold_terms(data: Path) -> list[str]:
    """All source terms of the gold maps."""
    return [row["source_term"] for path in gold_files(data) for row in read_table(path)]


def pool(data: Path, systems: Iterable[str]) -> list[Target]:
    """English targets of the systems, as far as the data folder has them."""
    return [
        target
        for system in sorted(set(systems))
        if system in POOLS and (data / "targets" / POOLS[system]).exists()
        for target in read_targets(data / "targets" / POOLS[system], default_system=system)
    ]


def titles_by_code(data: Path) -> dict[str, dict[str, str]]:
    """ICD-10 titles: language → code → title, Estonian ones whole."""
    english = {row["code"]: row["display"] for row in read_table(data / "targets/icd10_who_en.csv")}
    titles: dict[str, dict[str, str]] = {}
    for language, (path, column) in TITLE_FILES.items():
        found = titles.setdefault(language, {})
        for row in read_table(data / path):
            if row.get(column):
                found.setdefault(row["code"], row[column])
    titles["et"] = whole_titles(titles["et"], english) if titles["et"] else {}
    return titles


def icd_with_designations(data: Path, languages: Sequence[str]) -> list[Target]:
    """ICD-10 targets with the national titles of some languages."""
    titles = titles_by_code(data)
    return [
        Target(
            target.system,
            target.code,
            target.display,
            tuple(
                Designation(titles[language][target.code], language)
                for language in languages
                if target.code in titles[language]
            ),
            kind=target.kind,
        )
        for target in pool(data, [ICD])
    ]


def example_lists(data: Path, fold: Fold) -> list[RankedList]:
    """Lists to rank: (name, targets, rows of the fold)."""
    lists: list[RankedList] = []
    for path in gold_files(data):
        rows = read_gold(path)
        systems = {system for row in rows for system, _ in row.right}
        lists.append((path.stem, pool(data, systems), [row for row in rows if fold.holds_term(row.term.term)]))
    titles = titles_by_code(data)
    english = pool(data, [ICD])
    codes = {target.code for target in english}
    everything = icd_with_designations(
        data, list(titles)
    )  # a row meets the names of its own and its sister languages only
    sisters = {names: icd_with_designations(data, names) for names in (("nb", "fi"), ("sv", "da", "et"))}
    for language, national in titles.items():
        held = [code for code in national if code in codes and fold.holds_code(code)]
        rows = [GoldRow(SourceTerm(national[code], language), frozenset({(ICD, code)})) for code in held]
        lists.append((f"icd10_{language}", english, rows))
        beside = next(targets for names, targets in sisters.items() if language not in names)
        lists.append((f"icd10_{language}_beside_others", beside, rows[::3]))
        generic = [row for code in held if (row := _generic_row(code, national[code], language, national))]
        lists.append((f"icd10_{language}_generic", english, generic))
        lists.append((f"icd10_{language}_generic_with_titles", everything, generic))
    primary = [
        GoldRow(SourceTerm(row["title_sv"], "sv"), frozenset({(ICD, icd_code(row["code"]))}))
        for row in read_table(data / "code_systems/icd-10-se/ksh97p_primarycare.tsv")
        if icd_code(row["code"]) in codes and fold.holds_code(icd_code(row["code"]))
    ]
    lists.append(("ksh97p", everything, primary))
    synonyms = [row for name, _, rows in lists if name.startswith("et_rhk10") for row in rows]
    lists.append(("et_rhk10_with_titles", everything, synonyms))
    return [entry for entry in lists if entry[1] and entry[2]]


def samples_folder() -> Path:
    """Where the samples written by us lie: in the checkout, or in the installed package."""
    package = Path(__file__).parents[2]
    checkout = package.parent / "code_systems"
    return checkout if checkout.is_dir() else package / "_content" / "code_systems"


def sample_lists(data: Path, fold: Fold) -> list[RankedList]:
    """Our own local lists of eight countries with the targets we hold for right, as far as `fold` holds their terms."""
    lists: list[RankedList] = []
    for path in sorted(samples_folder().glob("sample-*/truth.csv")):
        held = [row for row in read_gold(path) if fold.holds_term(row.term.term)]
        targets = pool(data, {system for row in held for system, _ in row.right})
        known = {(target.system, target.code) for target in targets}
        lists.append((path.parent.name, targets, [row for row in held if row.right & known]))
    return [entry for entry in lists if entry[1] and entry[2]]


def nonsense(count: int, seed: int) -> list[GoldRow]:
    """Rows of letters, figures and signs that mean nothing; nothing is right for them."""
    random = np.random.default_rng([seed, 7])
    letters = np.array(list("abcdefghijklmnoprstuvxyzåäöõšž"))
    rows = []
    for number in range(count):
        words = ["".join(random.choice(letters, random.integers(2, 11))) for _ in range(random.integers(1, 4))]
        if number % 4 == 3:
            words[0] = str(random.integers(10, 10**7))
        language = (None, "sv", "nb", "da", "fi", "is", "et", "lv", "lt")[number % 9]
        rows.append(GoldRow(SourceTerm(" ".join(words), language), frozenset()))
    return rows


def of_titles(name: str) -> bool:
    """Whether the rows of a list are whole titles of the codes that a fold holds out, with no other names beside them.

    >>> of_titles("icd10_sv"), of_titles("icd10_sv_generic"), of_titles("et_rhk10_synonyms__icd10")
    (True, False, False)
    """
    return re.fullmatch(r"icd10_..|ksh97p", name) is not None


def is_variant(name: str) -> bool:
    """Whether a list repeats rows of another: beside other names, or with generic terms."""
    return "_beside_" in name or "_generic" in name or "_with_" in name


def thinned(lists: Sequence[RankedList], most: int) -> list[RankedList]:
    """The lists with `most` rows at most, evenly taken, variants of a list with a third: no list should rule the others.

    >>> rows = [GoldRow(SourceTerm(str(number)), frozenset()) for number in range(5)]
    >>> [row.term.term for row in thinned([("list", [], rows)], 2)[0][2]]
    ['0', '2']
    """
    chosen = []
    for name, targets, rows in lists:
        count = most // 3 if is_variant(name) else most
        few = [rows[position * len(rows) // count] for position in range(count)] if len(rows) > count else rows
        chosen.append((name, targets, few))
    return chosen


def small_systems(lists: Sequence[RankedList], seed: int) -> list[RankedList]:
    """The lists beside few targets, as value sets have them: some rows with their right target among them, some without it.

    A candidate that stands alone among twenty targets is not as probable as one that stands alone among ten thousand.
    """
    small: list[RankedList] = []
    for number, (name, targets, rows) in enumerate(lists):
        random = np.random.default_rng([seed, number])
        order = random.permutation(len(rows))
        inside = [rows[position] for position in order[:SMALL_ROWS]]
        outside = [rows[position] for position in order[SMALL_ROWS : SMALL_ROWS + SMALL_ROWS // 3]]
        wanted = {target for row in inside for target in row.right} - {
            target for row in outside for target in row.right
        }
        others = set(
            random.choice(len(targets), min(len(targets), int(random.integers(5, 120))), replace=False).tolist()
        )
        pool_of_few = [
            target
            for position, target in enumerate(targets)
            if (target.system, target.code) in wanted or position in others
        ]
        there = {(target.system, target.code) for target in pool_of_few}
        few = [GoldRow(row.term, row.right & there) for row in (*inside, *outside)]
        small.append((f"{name}_small", pool_of_few, few))
    return [entry for entry in small if len(entry[1]) > 1]


def _generic_row(code: str, title: str, language: str, national: Mapping[str, str]) -> GoldRow | None:
    """A title without its "unspecified", as local lists have it; right is the code, and its category where that is called so."""
    if "unspecified" not in typed_values(title, language):
        return None
    term = without_unspecified(title, language)
    category = code[:3]
    right = {(ICD, code)} | ({(ICD, category)} if skel(national.get(category, "")) == skel(term) else set())
    return GoldRow(SourceTerm(term, language), frozenset(right)) if term else None


def with_nonsense(lists: Sequence[RankedList]) -> list[RankedList]:
    """The lists with some rows of no meaning among them: that nothing is right is an answer too."""
    return [
        (name, targets, [*rows, *nonsense(NONSENSE_ROWS, number)]) for number, (name, targets, rows) in enumerate(lists)
    ]


def make_examples(lists: Sequence[RankedList], knowledge: Knowledge) -> Examples:
    """Candidates and features of all rows of the lists."""
    rows, features, right, kinds, left, setting = [], [], [], [], [], []
    count = 0
    known: dict[tuple[str, int, int, int], TargetIndex] = {}
    for number, (name, targets, gold) in enumerate(lists):
        names = knowledge.learned(name)
        designations = sum(len(target.designations) for target in targets)
        key = (targets[0].code + targets[-1].code, len(targets), designations, id(names))
        if key not in known:
            known[key] = build_index(targets, knowledge.model, names)
        index = known[key]
        reader = knowledge.pivot.reader(SortedWords(index.names.words))
        for row, described, correct, between in described_rows(index, knowledge, gold, reader):
            rows.append(row + count)
            features.append(described.values)
            left.append(described.left)
            right.append(correct)
            setting.append(between)
        kinds.append(np.full(len(gold), number))
        count += len(gold)
    order = np.argsort(np.concatenate(rows), kind="stable")
    return Examples(
        np.concatenate(rows)[order],
        np.concatenate(features)[order],
        np.concatenate(right)[order],
        np.concatenate(kinds),
        tuple(name for name, _, _ in lists),
        WordsLeft.joined(left).of_pairs(order),
        np.concatenate(setting)[order],
    )


def joined(parts: Sequence[Examples]) -> Examples:
    """Examples of the same lists, made with several models, as one."""
    lists = tuple(dict.fromkeys(name for part in parts for name in part.lists))
    rows = np.cumsum([0, *(len(part.kind) for part in parts)])
    return Examples(
        np.concatenate([part.row + first for part, first in zip(parts, rows, strict=False)]),
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([np.array([lists.index(name) for name in part.lists])[part.kind] for part in parts]),
        lists,
        WordsLeft.joined([part.left for part in parts]),
        np.concatenate([part.setting for part in parts]),
    )


def described_rows(
    index: TargetIndex, knowledge: Knowledge, gold: Sequence[GoldRow], reader: Reader
) -> Iterable[tuple[NDArray[np.int64], Described, NDArray[np.bool_], NDArray[np.int16]]]:
    """Blocks of (row of the gold, features, right, setting)."""
    model = knowledge.model
    queries = reader.glossed([query_of(row.term) for row in gold])
    profile = profile_of(knowledge.attributes, queries)
    size = block_size(index)
    for language in languages_in(queries):
        positions = np.array([number for number, query in enumerate(queries) if query.language == language])
        scope = scope_of(index, language)
        for start in range(0, len(positions), size):
            block = positions[start : start + size]
            chosen = [queries[number] for number in block]
            found = find(index, model, chosen, scope)
            described = describe(index, model, knowledge.attributes, knowledge.costs, chosen, found, profile)
            right = np.array(
                [
                    (index.targets[target].system, index.targets[target].code) in gold[block[row]].right
                    for row, target in zip(found.row, found.target, strict=True)
                ]
            )
            setting = settings_of([language] * len(block), found.row, index.targets.systems, found.target)
            yield block[found.row], described, right, setting
