"""MODEL_CARD.md beside the weights: what they were made of, under which licences, with which seed, and what they reach."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from termserver.matching.engine import MatchingEngine
from termserver.matching.evaluation import figures
from termserver.matching.training.held_out import REPORTED, TEST
from termserver.matching.training.rows import MEASURED_SAMPLES, example_lists, is_variant, sample_lists
from termserver.matching.training.sources import read_concepts


def write_model_card(data: Path, out: Path, table: Sequence[tuple[int, str]], *, seed: int) -> None:
    """Write the card; `table` is what `held_out_figures` found with the weights of `out`, in any order."""
    lines = [
        "# Model card",
        "",
        "Made by `termserver train`; measured by the same engine that serves. Weights: own model (four-bit vectors of words",
        "and character n-grams), attributes (softmaxes over hashed words), costs of words, ranker (small networks over",
        "features), calibration (logistic and monotone steps).",
        "",
        f"- Seed: {seed}.",
        *(
            f"- `{name}`: {path.stat().st_size:,} bytes, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}."
            for name in (
                "own_vectors.npy",
                "own_scales.npy",
                "learned_names.npz",
                "pivot.npz",
                "attributes.npz",
                "word_costs.npz",
                "ranker.npz",
                "calibration.npz",
            )
            if (path := out / name).exists()
        ),
        "- Held out of own model and ranker, in all languages and sources: ICD-10 codes and gold terms in slots 0 and 1 of",
        "  twenty (`training/held_out.py`). Probabilities are calibrated on slot 1 and measured on slot 0.",
        "- Of our own samples (`code_systems/sample-*`), half of the terms are among the ranker's rows, a quarter among those of",
        "  the calibration; the figures are those of the last quarter.",
        "- `learned_names.npz` holds vectors, no texts, of Latin and second English names of ICD-10 codes that are not held out.",
        "- `attributes.npz` holds weights of hashed words and n-grams: what they tell of a target's kind and laboratory axes.",
        "- `word_costs.npz` holds what hashed words cost that have no counterpart on the other side.",
        "- Not for: deciding without a person. Icelandic, Latvian and Lithuanian rest on general dictionaries, dose",
        "  forms and our lexicons of medical and laboratory words; expect low probabilities until national titles are loaded and",
        "  `termserver train` is run again.",
        "",
        "## Held-out results",
        "",
        "`termserver train --write-held-out DIR` writes these rows; `termserver evaluate` repeats the figures.",
        "",
        "| list | rows | recall@1 | recall@5 | recall@10 | recall@25 | mrr | rows of slot 0 | auto-accept at 99 % | ECE |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(line for _, line in sorted(table)),
        "",
        "## Sources and licences",
        "",
    ]
    counts: dict[str, int] = {}
    for concept in read_concepts(data):
        counts[concept.source] = counts.get(concept.source, 0) + 1
    for source in sorted(counts):
        lines.append(f"- `{source}` ({counts[source]:,} concepts). {_licence(data / source, data)}")
    lines.append(
        "- `gold/*.csv`: human-made maps (Estonian national centre, FinOMOP, Norwegian laboratory codes); "
        "licences of their lists as above."
    )
    lines.append(
        "- Titles of Icelandic, Latvian and Lithuanian composed word by word from our lexicons (`composed_titles.py`)."
    )
    lines.append("- Left out on purpose: `*_freedict` (GPL) and `lt_omw_ltwordnet` (AGPL).")
    (out / "MODEL_CARD.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _licence(path: Path, data: Path) -> str:
    """The licence line of the nearest SOURCE.txt."""
    if not path.exists():
        return "Written by the authors of termserver; Apache-2.0 like the rest of it."
    folder = path if path.is_dir() else path.parent
    while folder != data.parent:
        source = folder / "SOURCE.txt"
        if source.exists():
            lines = source.read_text(encoding="utf-8", errors="replace").splitlines()
            named = [line for line in lines if _names(line, path)]
            if named:  # a list of `- file-pattern: origin (licence)`
                return " ".join(line.removeprefix("- ").strip() for line in named)[:400]
            found = [line.strip() for line in lines if "licence" in line.lower() or "license" in line.lower()]
            return " ".join(found)[:400] or lines[0][:300]
        folder = folder.parent
    return "Joined by code from the folders above; licences of those."


def _names(line: str, path: Path) -> bool:
    """True for a line `- pattern, pattern: …` of which a pattern fits the file's name."""
    patterns, colon, _ = line.removeprefix("- ").partition(":")
    if not line.startswith("- ") or not colon:
        return False
    return any(fnmatch(path.stem, pattern.strip()) for pattern in patterns.split(","))


def held_out_figures(data: Path, out: Path, half: int) -> list[tuple[int, str]]:
    """Lines of the table for every second list, each with its place in the table.

    Recall over all rows of `TEST`, probabilities over those that calibration has not seen. The engine with the weights of
    `out` finds them; none of its weights has seen the rows.
    """
    reported = {name: {row.term.term for row in gold} for name, _, gold in example_lists(data, REPORTED)}
    samples = sample_lists(data, MEASURED_SAMPLES)
    reported |= {name: {row.term.term for row in gold} for name, _, gold in samples}
    engines: dict[int, MatchingEngine] = {}
    lists = [entry for entry in example_lists(data, TEST) if not is_variant(entry[0])] + samples
    largest_first = sorted(range(len(lists)), key=lambda place: -len(lists[place][2]))
    lines = []
    for place in largest_first[half::2]:
        name, targets, gold = lists[place]
        key = hash(tuple((target.system, target.code, len(target.designations)) for target in targets))
        if key not in engines:
            engines[key] = MatchingEngine.build(targets, weights=out)
        terms = [row.term for row in gold]
        suggestions = engines[key].suggest(terms, limit=25, profile=engines[key].profile(terms))
        found = figures(gold, suggestions)
        fresh = [pair for pair in zip(gold, suggestions, strict=True) if pair[0].term.term in reported.get(name, ())]
        chances = figures([row for row, _ in fresh], [one for _, one in fresh]) if fresh else {}
        cells = [*list(found.values())[:6], len(fresh), chances.get("auto_accept", ""), chances.get("ece", "")]
        lines.append((place, f"| {name} | " + " | ".join(str(cell) for cell in cells) + " |"))
    return lines
