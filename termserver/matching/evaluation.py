"""Gold maps and target lists from CSV, and the figures that compare a ranking with them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from termserver.errors import BadFile
from termserver.model.candidate import SourceTerm, Suggestions, Target
from termserver.model.coding import Designation

GOLD_REQUIRED = ("source_code", "source_term", "target_code")
NO_TARGET = frozenset({"not-mapped", "unmatched", "not-related-to", "disjoint"})
KIND_COLUMNS = ("kind", "semantic_tag", "class", "domain")
RECALL_DEPTHS = (1, 5, 10, 25)
_PAIR = re.compile(r"^\s*([\w .-]+?)\s*=\s*(.*)$")


@dataclass(frozen=True, slots=True)
class GoldRow:
    """A source term with all its right targets.

    Parameters
    ----------
    right
        Pairs (system, code); the system is empty where the gold names none.
    frequency
        How often the term is used, 0 where the file does not say.
    """

    term: SourceTerm
    right: frozenset[tuple[str, str]]
    frequency: float = 0.0


def read_gold(path: Path) -> list[GoldRow]:
    """Read a gold CSV: one `GoldRow` per source code, in the order of the file.

    Further terms of a source code become its other terms. The source code groups rows and is not passed on. Rows that say
    that there is no target (`NO_TARGET`, empty target code) have nothing to be found and are left out.

    Raises
    ------
    BadFile
        Naming file, line and column.
    """
    rows: dict[str, tuple[SourceTerm, set[tuple[str, str]]]] = {}
    frequencies: dict[str, float] = {}
    for line, row in _csv_rows(path, GOLD_REQUIRED):
        if not row.get("target_code") and row.get("relationship", "").lower() in NO_TARGET:
            continue
        for column in GOLD_REQUIRED:
            if not row.get(column):
                raise BadFile("the cell is empty; each row needs one", file=str(path), line=line, column=column)
        language = row.get("language") or None
        term = SourceTerm(row["source_term"], language, context=read_context(row.get("context", "")))
        first, right = rows.setdefault(row["source_code"], (term, set()))
        frequencies.setdefault(row["source_code"], _frequency(row.get("frequency", "")))
        right.add((row.get("target_system", ""), row["target_code"]))
        known = {first.term, *(name.value for name in first.other_terms)}
        if term.term not in known:
            more = (*first.other_terms, Designation(term.term, language))
            rows[row["source_code"]] = (replace(first, other_terms=more), right)
    if not rows:
        raise BadFile("there is a header but no row", file=str(path), line=2)
    return [GoldRow(term, frozenset(right), frequencies[code]) for code, (term, right) in rows.items()]


def _frequency(cell: str) -> float:
    """A count; 0 for an empty cell, a text, or the -1 by which a publisher says "few"."""
    return max(float(cell), 0.0) if re.fullmatch(r"-?\d+(\.\d+)?", cell) else 0.0


def read_context(text: str) -> Mapping[str, str]:
    """`unit=g/L; system=Plasma` as a mapping; any other text as the one value `context`.

    >>> dict(read_context("unit=g/L; system=Plasma")), dict(read_context("Operatsioonid")), dict(read_context(""))
    ({'unit': 'g/L', 'system': 'Plasma'}, {'context': 'Operatsioonid'}, {})
    """
    if not text.strip():
        return {}
    pairs = [_PAIR.match(part) for part in text.split(";")]
    if pairs and pairs[0]:
        context: dict[str, str] = {}
        name = ""
        for part, pair in zip(text.split(";"), pairs, strict=True):
            if pair:
                name = pair[1]
                context[name] = pair[2].strip()
            else:
                context[name] += ";" + part
        return context
    return {"unit" if _looks_like_unit(text) else "context": text.strip()}


def _looks_like_unit(text: str) -> bool:
    return (
        bool(re.fullmatch(r"\s*([a-zµμ%]{1,5}|[\w*^]{1,6}/[\w.*]{1,8})\s*", text, re.IGNORECASE))
        and len(text.strip()) < 12
    )


def read_targets(path: Path, *, default_system: str = "") -> Iterator[Target]:
    """Read a target CSV (`code,display`, perhaps `system`, `active` and one of `KIND_COLUMNS`).

    Raises
    ------
    BadFile
        Naming file, line and column.
    """
    count = 0
    for line, row in _csv_rows(path, ("code", "display")):
        for column in ("code", "display"):
            if not row.get(column):
                raise BadFile("the cell is empty; each target needs one", file=str(path), line=line, column=column)
        kind = next((row[column] for column in KIND_COLUMNS if row.get(column)), None)
        active = row.get("active", "").lower() not in {"0", "false", "no", "inactive"}
        count += 1
        yield Target(row.get("system") or default_system, row["code"], row["display"], active=active, kind=kind)
    if not count:
        raise BadFile("there is a header but no target", file=str(path), line=2)


def _csv_rows(path: Path, required: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with their line numbers; stripped cells; the header checked."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            names = reader.fieldnames or ()
            for column in required:
                if column not in names:
                    raise BadFile(
                        f"the column is missing; found: {', '.join(names) or 'nothing'}",
                        file=str(path),
                        line=1,
                        column=column,
                    )
            for row in reader:
                if None in row:
                    raise BadFile(
                        f"there are more cells than the header's {len(names)}", file=str(path), line=reader.line_num
                    )
                if None in row.values():
                    raise BadFile(
                        f"there are fewer cells than the header's {len(names)}", file=str(path), line=reader.line_num
                    )
                yield reader.line_num, {name: value.strip() for name, value in row.items()}
    except OSError as error:
        raise BadFile(f"cannot be opened ({error.strerror})", file=str(path)) from error
    except UnicodeDecodeError as error:
        raise BadFile(f"is not UTF-8 (byte {error.start}); save it as CSV UTF-8", file=str(path)) from error
    except csv.Error as error:
        raise BadFile(f"is not CSV ({error})", file=str(path)) from error


def right_ranks(gold: Sequence[GoldRow], suggestions: Sequence[Suggestions]) -> NDArray[np.int64]:
    """Rank of the best right target of each row, 0 where none was proposed. Shape (n_rows,).

    Ties count pessimistically: a right target stands after all wrong ones of equal score.
    """
    return np.array([_right_rank(row, found) for row, found in zip(gold, suggestions, strict=True)], np.int64)


def _right_rank(row: GoldRow, suggestions: Suggestions) -> int:
    best = 0
    for candidate in suggestions.candidates:
        if _is_right(row, candidate.system, candidate.code):
            ahead = sum(
                other.score >= candidate.score and not _is_right(row, other.system, other.code)
                for other in suggestions.candidates
            )
            best = min(best or ahead + 1, ahead + 1)
    return best


def _is_right(row: GoldRow, system: str, code: str) -> bool:
    return (
        (system, code) in row.right
        or ("", code) in row.right
        or (not system and any(code == right for _, right in row.right))
    )


def figures(gold: Sequence[GoldRow], suggestions: Sequence[Suggestions]) -> dict[str, float | int]:
    """All figures of `termserver evaluate`: n, recall@k, mrr, auto_accept, ece."""
    ranks = right_ranks(gold, suggestions)
    probabilities = np.array([found.candidates[0].probability if found.candidates else 0.0 for found in suggestions])
    result: dict[str, float | int] = {"n": len(gold)}
    for depth in RECALL_DEPTHS:
        result[f"recall@{depth}"] = round(float(((ranks > 0) & (ranks <= depth)).mean()), 4)
    result["mrr"] = round(float(np.where(ranks > 0, 1 / np.maximum(ranks, 1), 0).mean()), 4)
    result["auto_accept"] = round(auto_accept(probabilities, ranks == 1), 4)
    result["ece"] = round(expected_calibration_error(probabilities, ranks == 1), 4)
    return result


def auto_accept(probabilities: NDArray[np.float64], right: NDArray[np.bool_], *, precision: float = 0.99) -> float:
    """Share of rows that can be accepted unseen: the most probable ones, as far as they are right at the precision.

    >>> auto_accept(np.array([0.9, 0.8, 0.1]), np.array([True, True, False]))
    0.6666666666666666
    """
    if not len(right):
        return 0.0
    order = np.argsort(-probabilities, kind="stable")
    good = np.cumsum(right[order]) / np.arange(1, len(right) + 1) >= precision
    ends_tie = np.r_[probabilities[order][1:] != probabilities[order][:-1], True]
    ends = np.flatnonzero(good & ends_tie)
    return float(ends[-1] + 1) / len(right) if len(ends) else 0.0


def expected_calibration_error(
    probabilities: NDArray[np.float64], right: NDArray[np.bool_], *, bins: int = 10
) -> float:
    """Mean distance of probability and share right, over bins of equal width, weighted by their rows.

    Source: Guo et al., ICML 2017, arXiv:1706.04599.
    """
    number = np.minimum((probabilities * bins).astype(int), bins - 1)
    error = 0.0
    for position in range(bins):
        inside = number == position
        if inside.any():
            error += inside.mean() * abs(float(probabilities[inside].mean()) - float(right[inside].mean()))
    return error


def systems_of(gold: Iterable[GoldRow]) -> list[str]:
    """Target systems a gold map names, sorted."""
    return sorted({system for row in gold for system, _ in row.right if system})


def system_of_codes(codes: set[str], gold: Iterable[GoldRow]) -> str:
    """The gold's target system most of whose codes are among `codes`; empty where no code is."""
    counts: dict[str, int] = {}
    for row in gold:
        for system, code in row.right:
            counts[system] = counts.get(system, 0) + (code in codes)
    best = max(sorted(counts), key=lambda system: counts[system], default="")
    return best if counts.get(best) else ""
