"""An expression constraint as a tree of frozen dataclasses. Names follow the ECL specification, chapter 5."""

from __future__ import annotations

from dataclasses import dataclass

OPERATORS = ("<", "<<", "<!", "<<!", ">", ">>", ">!", ">>!", "!!>", "!!<")


@dataclass(frozen=True, slots=True)
class ConceptReference:
    """A concept by its identifier; `term` is what the writer put between pipes, and has no meaning."""

    code: str
    term: str | None = None


@dataclass(frozen=True, slots=True)
class AlternateIdentifier:
    """A concept by its identifier in another scheme: `LOINC#54486-6`."""

    scheme: str
    code: str
    term: str | None = None


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`*`: every concept."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A constraint operator before its operand; `operator` is one of `OPERATORS`."""

    operator: str
    operand: Constraint


@dataclass(frozen=True, slots=True)
class MemberOf:
    """`^`: what the reference sets in `operand` hold.

    Parameters
    ----------
    fields
        `^ [targetComponentId]`: the values of these columns instead of the referenced components; `("*",)` means all.
    filters
        `{{ M … }}`, in order.
    """

    operand: Constraint
    fields: tuple[str, ...] = ()
    filters: tuple[MemberFilters, ...] = ()


@dataclass(frozen=True, slots=True)
class Compound:
    """`AND`, `OR` (two operands or more) or `MINUS` (two)."""

    operator: str
    operands: tuple[Constraint, ...]


@dataclass(frozen=True, slots=True)
class Dotted:
    """`focus . attribute . attribute`: the values of attributes."""

    focus: Constraint
    attributes: tuple[Constraint, ...]


@dataclass(frozen=True, slots=True)
class Refined:
    """`focus : refinement`."""

    focus: Constraint
    refinement: Refinement


@dataclass(frozen=True, slots=True)
class Filtered:
    """A constraint with description filters and concept filters, in order."""

    operand: Constraint
    filters: tuple[DescriptionFilters | ConceptFilters, ...]


@dataclass(frozen=True, slots=True)
class WithHistory:
    """`{{ + HISTORY… }}`: inactive concepts that history leads from to the operand's are added.

    Parameters
    ----------
    profile
        `MIN`, `MOD`, `MAX`; None where a subset is given, or nothing (which means all associations).
    subset
        The association reference sets to follow.
    """

    operand: Constraint
    profile: str | None = None
    subset: Constraint | None = None


Constraint = (
    ConceptReference
    | AlternateIdentifier
    | Wildcard
    | Operation
    | MemberOf
    | Compound
    | Dotted
    | Refined
    | Filtered
    | WithHistory
)


# ------------------------------------------------------------------ refinements


@dataclass(frozen=True, slots=True)
class Cardinality:
    """`[least..most]`; `most` None is `*`."""

    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class NumberValue:
    """`#5`, `#-0.5`: `text` is the number as written."""

    text: str


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """A term to look for.

    Parameters
    ----------
    kind
        `match` (each word begins a word of the term, in any order) or `wild` (the whole term, `*` stands for anything).
    """

    text: str
    kind: str = "match"


@dataclass(frozen=True, slots=True)
class SearchTerms:
    """One or more terms, any of which will do; `is_set` where they stand in brackets."""

    terms: tuple[SearchTerm, ...]
    is_set: bool = False


@dataclass(frozen=True, slots=True)
class Attribute:
    """`[cardinality] R name comparison value`."""

    name: Constraint
    comparison: str
    value: Constraint | NumberValue | SearchTerms | bool
    cardinality: Cardinality | None = None
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class AttributeGroup:
    """`[cardinality] { attributes }`: all in one role group."""

    attributes: Refinement
    cardinality: Cardinality | None = None


@dataclass(frozen=True, slots=True)
class RefinementSet:
    """Refinements joined by `AND` (written `,`) or `OR`."""

    operator: str
    parts: tuple[Refinement, ...]


Refinement = Attribute | AttributeGroup | RefinementSet


# ------------------------------------------------------------------ filters


@dataclass(frozen=True, slots=True)
class ConceptSet:
    """`(A B C)`: concepts by reference, at least two."""

    concepts: tuple[ConceptReference, ...]


@dataclass(frozen=True, slots=True)
class TermFilter:
    """`term = "…"`."""

    comparison: str
    terms: SearchTerms


@dataclass(frozen=True, slots=True)
class WordFilter:
    """A filter on fixed words or numbers: `language`, `type`, `definitionStatus`, `id`, in that writing."""

    field: str
    comparison: str
    words: tuple[str, ...]
    is_set: bool = False


@dataclass(frozen=True, slots=True)
class ConceptValueFilter:
    """A filter on a concept: `typeId`, `moduleId`, `definitionStatusId`, or a column of a reference set."""

    field: str
    comparison: str
    value: Constraint | ConceptSet


@dataclass(frozen=True, slots=True)
class Dialect:
    """A language reference set, by alias (`en-gb`) or concept, and the acceptability wanted in it; empty means any."""

    name: str | Constraint
    acceptability: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DialectFilter:
    """`dialect = …` or `dialectId = …`; `is_set` where the dialects stand in brackets."""

    comparison: str
    dialects: tuple[Dialect, ...]
    acceptability: tuple[str, ...] = ()
    is_set: bool = False


@dataclass(frozen=True, slots=True)
class TimeFilter:
    """A filter on a day (YYYYMMDD): `effectiveTime`, or a column of a reference set."""

    field: str
    comparison: str
    days: tuple[str, ...]
    is_set: bool = False


@dataclass(frozen=True, slots=True)
class BooleanFilter:
    """`active`, or a boolean column of a reference set."""

    field: str
    comparison: str
    value: bool


@dataclass(frozen=True, slots=True)
class NumberFilter:
    """A numeric column of a reference set."""

    field: str
    comparison: str
    value: NumberValue


@dataclass(frozen=True, slots=True)
class TextFilter:
    """A text column of a reference set."""

    field: str
    comparison: str
    terms: SearchTerms


DescriptionFilter = TermFilter | WordFilter | ConceptValueFilter | DialectFilter | TimeFilter | BooleanFilter
ConceptFilter = WordFilter | ConceptValueFilter | TimeFilter | BooleanFilter
MemberFilter = ConceptValueFilter | TimeFilter | BooleanFilter | NumberFilter | TextFilter


@dataclass(frozen=True, slots=True)
class DescriptionFilters:
    """`{{ D … }}`: one description must satisfy them all."""

    filters: tuple[DescriptionFilter, ...]


@dataclass(frozen=True, slots=True)
class ConceptFilters:
    """`{{ C … }}`."""

    filters: tuple[ConceptFilter, ...]


@dataclass(frozen=True, slots=True)
class MemberFilters:
    """`{{ M … }}`: one member row must satisfy them all."""

    filters: tuple[MemberFilter, ...]
