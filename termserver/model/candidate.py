"""What the matching engine reads and what it proposes: texts in, candidates with evidence out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from termserver.model.coding import Designation
from termserver.model.relationship import Relationship


@dataclass(frozen=True, slots=True)
class Target:
    """A concept that may be proposed.

    Parameters
    ----------
    designations
        All names besides `display`, in any language.
    kind
        What the publisher calls it: SNOMED's semantic tag, ICD's `category`/`subcategory`, a dose form class; or None.
    parents
        Codes of the parents in the same system; empty at the top.
    """

    system: str
    code: str
    display: str
    designations: tuple[Designation, ...] = ()
    active: bool = True
    kind: str | None = None
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceTerm:
    """What the engine may know of a row of a source list.

    Parameters
    ----------
    term
        The local term, verbatim.
    language
        BCP-47 tag, or None where nobody named one.
    code
        The local code; used only for code shape (`DE110A` → `E11.0`). None in evaluation.
    context
        Column name → value: unit, specimen, class, deciles…
    other_terms
        Further names of the same row: synonyms, other languages.
    """

    term: str
    language: str | None = None
    code: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    other_terms: tuple[Designation, ...] = ()


@dataclass(frozen=True, slots=True)
class EarlierDecision:
    """A curator's earlier decision that memory may offer again."""

    term: str
    language: str | None
    target_system: str
    target_code: str
    relationship: Relationship
    person: str
    decided_on: str
    project: str


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal's part in a candidate's rank.

    Parameters
    ----------
    name
        `words` (n-grams, fuzzy, exact), `meaning` (own model or transformer), `structure` (code shape, hierarchy,
        laboratory axes), `memory` (earlier decisions).
    value
        The signal itself, 0 to 1.
    share
        Its share in this candidate's score, 0 to 1; the shares of one candidate sum to 1.
    """

    name: str
    value: float
    share: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a candidate is offered, for a curator's eye.

    Parameters
    ----------
    matched_designation
        The designation that matched best.
    matched_words
        Pairs (word of the source term, word of the designation), best first.
    agreements, conflicts, warnings
        Short English sentences or `axis value` texts: `course acute`; `property MCnc ≠ SCnc`; `inactive`.
    sources
        Which searches found it: `exact`, `n-gram`, `own model`, `transformer`, `memory`, `code shape`.
    reading
        The source term word by word in English, where the engine searched with that too; else empty.
    """

    signals: tuple[Signal, ...] = ()
    matched_designation: Designation | None = None
    matched_words: tuple[tuple[str, str], ...] = ()
    agreements: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    memory: EarlierDecision | None = None
    reading: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A target proposed by the machine, with its evidence.

    Parameters
    ----------
    score
        Ranking value without unit; larger is better. Ties are broken by code.
    probability
        Calibrated chance, 0 to 1, that this target is right.
    relationship
        The suggested relationship, source to target.
    """

    system: str
    code: str
    display: str
    rank: int
    score: float
    probability: float
    relationship: Relationship = Relationship.EQUIVALENT
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """All candidates of one row for one target system, best first.

    Parameters
    ----------
    no_target_probability
        Calibrated chance, 0 to 1, that none of the targets is right.
    engine_version
        Names engine, model and ranker, e.g. `termserver 0.1.0 / own 3f2a / ranker 91bc`.
    remarks
        What is odd about the source term: no letters, an unknown script, cut, labelled with another language. The first candidate
        has them among its warnings too.
    """

    candidates: tuple[Candidate, ...]
    no_target_probability: float
    engine_version: str
    remarks: tuple[str, ...] = ()
