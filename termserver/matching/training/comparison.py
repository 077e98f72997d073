"""Old and new weights on the same rows, which neither has learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from termserver.matching.evaluation import auto_accept, expected_calibration_error

FIGURES = ("recall@1", "recall@10", "auto_accept", "ece")
DRAWS = 1000
Measured = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Rank of the best right candidate of each row, 0 for none; probability of its first candidate."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What new weights would change.

    Parameters
    ----------
    rows
        Measured rows.
    learned_from
        In words: of what the new weights learned.
    old, new
        Values of `FIGURES`.
    change
        Bootstrap interval of 95 %, by row, of new minus old.
    """

    rows: int
    learned_from: str
    old: dict[str, float]
    new: dict[str, float]
    change: dict[str, tuple[float, float]]

    def lines(self) -> list[str]:
        """A table for people."""
        lines = [
            f"Measured on {self.rows} rows that neither has seen; learned from {self.learned_from}.",
            f"{'':<12} {'old':>7} {'new':>7}  change (95 % interval)",
        ]
        for name in FIGURES:
            low, high = self.change[name]
            lines.append(f"{name:<12} {self.old[name]:7.3f} {self.new[name]:7.3f}  {low:+.3f} to {high:+.3f}")
        return lines


def comparison_of(old: Measured, new: Measured, *, learned_from: str, seed: int) -> Comparison:
    """Figures of both, and how sure their differences are.

    Source: Efron & Tibshirani 1993: rows drawn with replacement, both measured on the same draw.
    """
    random = np.random.default_rng(seed)
    count = len(old[0])
    changes: dict[str, list[float]] = {name: [] for name in FIGURES}
    for _ in range(DRAWS if count else 0):
        drawn = random.integers(count, size=count)
        before, after = (figures_of((ranks[drawn], chance[drawn])) for ranks, chance in (old, new))
        for name in FIGURES:
            changes[name].append(after[name] - before[name])
    interval = {name: np.quantile(values or [0.0], [0.025, 0.975]).round(4) for name, values in changes.items()}
    return Comparison(
        count,
        learned_from,
        figures_of(old),
        figures_of(new),
        {name: (float(low), float(high)) for name, (low, high) in interval.items()},
    )


def figures_of(measured: Measured) -> dict[str, float]:
    """Values of `FIGURES`; zeros where there is no row."""
    ranks, chance = measured
    if not len(ranks):
        return dict.fromkeys(FIGURES, 0.0)
    return {
        "recall@1": float((ranks == 1).mean()),
        "recall@10": float(((ranks > 0) & (ranks <= 10)).mean()),
        "auto_accept": auto_accept(chance, ranks == 1),
        "ece": float(expected_calibration_error(chance, ranks == 1)),
    }
