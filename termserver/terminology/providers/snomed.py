"""SNOMED CT: expression constraints as filters, post-coordinated expressions as codes, its own answer to $lookup.

An expression becomes a concept of the edition for the request that asks for it: it stands behind the listed concepts,
below its focus concepts. Source: FHIR R5 "Using SNOMED CT with HL7 Standards".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from termserver.ecl.expressions import (
    Expression,
    ExpressionError,
    codes_in,
    looks_like_expression,
    parse_expression,
    print_expression,
)
from termserver.ecl.substrate import Substrate
from termserver.ecl.virtual import WithExpressions
from termserver.index.concept_table import ConceptTable
from termserver.index.constraint_index import ConstraintIndex
from termserver.index.hierarchy import Hierarchy
from termserver.index.property_columns import PropertyColumn
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.coding import Coding, Designation
from termserver.model.issue import Issue
from termserver.model.value_set import Filter
from termserver.terminology.content import Content, StoredContent, SupplementedContent
from termserver.terminology.lookup_form import LookupForm
from termserver.terminology.providers.listed_expressions import hierarchy_with, table_with
from termserver.terminology.providers.snomed_filters import names_reference_set, select
from termserver.terminology.providers.snomed_lookup import snomed_form, with_focus

Ordinals = NDArray[np.int32]

_PREFERRED = Coding(
    "http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra", "preferredForLanguage", None, "Preferred For Language"
)
FULLY_SPECIFIED_NAME = "900000000000003001"
_PREFERRED_ROLE = "900000000000548007"
_NOT_CHECKED = (
    "The expression is grammatically correct and the concepts are valid, but the expression has not been checked against "
    "the SNOMED CT concept model (MRCM)"
)


class SnomedContent:
    """A loaded edition, and the expressions that a request names."""

    unclosed: str | None = None
    is_tree: bool = False

    def __init__(self, edition: StoredContent) -> None:
        self.header: CodeSystem = edition.header
        self._edition = edition
        self._expressions: dict[str, Expression] = {}
        self._extended: tuple[ConceptTable, Hierarchy] | None = None

    # -------------------------------------------------------------- tables

    @property
    def table(self) -> ConceptTable:
        """See `Content`."""
        return self._with_expressions()[0] if self._expressions else self._edition.table

    @property
    def hierarchy(self) -> Hierarchy:
        """See `Content`."""
        return self._with_expressions()[1] if self._expressions else self._edition.hierarchy

    def _with_expressions(self) -> tuple[ConceptTable, Hierarchy]:
        if self._extended is None:
            table = self._edition.table
            displays = [self._display(one) for one in self._expressions.values()]
            focus = [table.ordinals_of(one.focus) for one in self._expressions.values()]
            self._extended = (
                table_with(table, list(self._expressions), displays),
                hierarchy_with(self._edition.hierarchy, focus),
            )
        return self._extended

    def constraints(self) -> Substrate | None:
        """The edition as constraints see it, expressions included; None if its index has no attributes."""
        index = self._edition.index
        if index.attributes is None:
            return None
        edition = ConstraintIndex(index.table, index.hierarchy, index.attributes)
        return WithExpressions(edition, list(self._expressions.values())) if self._expressions else edition

    # -------------------------------------------------------------- codes

    def ordinals_of(self, codes: Sequence[str]) -> Ordinals:
        """See `Content`."""
        found = self._edition.table.ordinals_of(codes)
        for place in np.flatnonzero(found < 0).tolist():
            found[place] = self._expression_ordinal(codes[place])
        return found

    def _expression_ordinal(self, code: str) -> int:
        expression = self._expression(code)
        if expression is None:
            return -1
        if expression.is_concept:
            return self._edition.table.ordinal_of(expression.focus[0])
        if code not in self._expressions:
            self._expressions[code] = expression
            self._extended = None
        return len(self._edition.table) + list(self._expressions).index(code)

    def _expression(self, code: str) -> Expression | None:
        """The expression that a code is, if all its concepts are known."""
        try:
            expression = parse_expression(code) if looks_like_expression(code) else None
        except ExpressionError:
            return None
        return None if expression is None or self._unknown(expression) else expression

    def _unknown(self, expression: Expression) -> str | None:
        """The first concept of an expression that the edition does not have."""
        codes = list(codes_in(expression))
        ordinals = self._edition.table.ordinals_of(codes).tolist()
        return next((code for code, ordinal in zip(codes, ordinals, strict=True) if ordinal < 0), None)

    def _display(self, expression: Expression) -> str:
        table = self._edition.table
        return print_expression(expression, lambda code: table.displays_of([code])[0])

    def concept(self, code: str) -> Concept | None:
        """See `Content`."""
        found = self._edition.concept(code)
        if found is not None:
            return found
        expression = self._expression(code)
        return None if expression is None else self._post_coordinated(code, expression)

    def _post_coordinated(self, code: str, expression: Expression) -> Concept:
        display = self._display(expression)
        table = self._edition.table
        return Concept(
            code=code,
            display=display,
            designations=(Designation(display, "en-US", _PREFERRED),),
            parents=expression.focus,
            active=all(bool(table.active[ordinal]) for ordinal in table.ordinals_of(expression.focus).tolist()),
        )

    def concepts(self, codes: Sequence[str]) -> dict[str, Concept]:
        """See `Content`."""
        found = self._edition.concepts(codes)
        for code in codes:
            if code not in found and (concept := self.concept(code)) is not None:
                found[code] = concept
        return found

    def property_column(self, name: str) -> PropertyColumn:
        """See `Content`."""
        return self._edition.property_column(name)

    def stream(self) -> Iterator[Concept]:
        """See `Content`."""
        return self._edition.stream()

    def search(self, text: str) -> Ordinals:
        """See `Content`."""
        return self._edition.search(text)

    # -------------------------------------------------------------- answers

    def filter(self, rule: Filter, place: str) -> Ordinals | None:
        """See `Content`."""
        attributes = self._edition.index.attributes
        kept = None if attributes is None or self._expressions else attributes.selected
        return select(self.constraints(), len(self._edition.table), rule, place, kept)

    def has_unlisted(self, filters: Sequence[Filter]) -> bool:
        """See `Content`: expressions, unless a filter leaves them out."""
        return not any(rule.property == "expressions" and rule.value == "false" for rule in filters)

    def as_expanded(self, concept: Concept) -> Concept:
        """See `Content`: fully specified names, then what a language reference set prefers; all where there is none."""
        ranks = {item: _expansion_rank(item) for item in concept.designations}
        if not any(item.details and item.details.acceptability for item in concept.designations):
            return concept
        shown = sorted(
            (item for item in concept.designations if ranks[item] is not None), key=lambda item: ranks[item] or 0
        )
        return replace(concept, designations=tuple(shown))

    def lookup_form(self, wanted: Collection[str]) -> LookupForm:
        """See `Content`."""
        return snomed_form(self._edition, wanted)

    def as_looked_up(self, concept: Concept) -> Concept:
        """See `Content`."""
        expression = self._expression(concept.code)
        if expression is None or expression.is_concept:
            return concept
        return with_focus(self._edition.concept(expression.focus[0]) or concept, expression)

    def remarks(self, code: str) -> tuple[Issue, ...]:
        """See `Content`: why an expression is none, or that the concept model was not asked."""
        if not looks_like_expression(code):
            return ()
        try:
            unknown = self._unknown(parse_expression(code))
        except ExpressionError as error:
            reason = str(error)
        else:
            if unknown is None:
                return (Issue("information", "informational", _NOT_CHECKED, "process-note", "code"),)
            reason = f"Concept {unknown} not found"
        text = f"Not a valid expression: {reason}"
        return (Issue("information", "code-invalid", text, "invalid-code", "code"),)


def _expansion_rank(designation: Designation) -> int | None:
    """0 for a fully specified name, 1 for a preferred name, None for any other; what a supplement adds stays."""
    if designation.use is not None and designation.use.code == FULLY_SPECIFIED_NAME:
        return 0
    if designation.details is None:
        return 1
    return 1 if any(role == _PREFERRED_ROLE for _, role in designation.details.acceptability) else None


def is_reference_set(content: Content, code: str) -> bool:
    """True if a concept of the content is a reference set."""
    inner = content.content if isinstance(content, SupplementedContent) else content
    edition = inner.constraints() if isinstance(inner, SnomedContent) else None
    return edition is not None and names_reference_set(edition, code)


def with_snomed_rules(content: Content) -> Content:
    """SNOMED CT's rules around a loaded edition; content that a request brings has none of the release's tables."""
    return SnomedContent(content) if isinstance(content, StoredContent) else content
