"""MODEL_CARD.md beside the weights: what they were made of, under which licences, with which seed, and what they reach."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from pathlib import Path

from termserver.matching.training.sources import Concept

Report = Callable[[str], None]


def write_model_card(data: Path, out: Path, *, seed: int, concepts: Sequence[Concept], report: Report) -> None:
    """Write the card; the figures come from the engine with the weights of `out`, on rows none of them has seen."""
    lines = [
        "# Model card",
        "",
        "Made by `termserver train`; measured by the same engine that serves. Weights: own model (int8 vectors of words",
        "and character n-grams), ranker (small network over features), calibration (logistic and monotone steps).",
        "",
        f"- Seed: {seed}.",
        *(
            f"- `{name}`: {path.stat().st_size:,} bytes, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}."
            for name in ("own_vectors.npy", "own_scales.npy", "ranker.npz", "calibration.npz")
            if (path := out / name).exists()
        ),
        "- Held out of everything, in all languages and sources: ICD-10 codes and gold terms in slots 0 and 1 of twenty",
        "  (`training/held_out.py`).",
        "- Not for: deciding without a person. Icelandic, Latvian and Lithuanian rest on general dictionaries, dose",
        "  forms and a short list of medical words; expect low probabilities until national titles are loaded and",
        "  `termserver train` is run again.",
        "",
        "## Held-out results",
        "",
        "`termserver train --write-held-out DIR` writes these rows; `termserver evaluate` repeats the figures.",
        "",
        *_results(data, out, report),
        "",
        "## Sources and licences",
        "",
    ]
    counts: dict[str, int] = {}
    for concept in concepts:
        counts[concept.source] = counts.get(concept.source, 0) + 1
    for source in sorted(counts):
        lines.append(f"- `{source}` ({counts[source]:,} concepts). {_licence(data / source, data)}")
    lines.append(
        "- `gold/*.csv`: human-made maps (Estonian national centre, FinOMOP, Norwegian laboratory codes); "
        "licences of their lists as above."
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


def _results(data: Path, out: Path, report: Report) -> list[str]:
    """A table of held-out figures."""
    from termserver.matching.engine import MatchingEngine
    from termserver.matching.evaluation import figures
    from termserver.matching.training.held_out import TEST
    from termserver.matching.training.rows import example_lists

    table = [
        "| list | rows | recall@1 | recall@5 | recall@10 | recall@25 | mrr | auto-accept at 99 % | ECE |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, targets, gold in example_lists(data, TEST):
        engine = MatchingEngine.build(targets, weights=out)
        found = figures(gold, engine.suggest([row.term for row in gold], limit=25))
        table.append(f"| {name} | " + " | ".join(str(value) for value in found.values()) + " |")
        report(table[-1])
    return table
