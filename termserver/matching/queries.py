"""What the engine asks for a row: its texts in the forms that search, with the typed facts that rank."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from termserver.matching.lab_values import unit_of_values
from termserver.matching.labs import LabAxes, analyte_of, axes_of_row, property_of_unit, scale_of_row, without_prefix
from termserver.matching.normalise.common import fold, numbers_of, repair, skel
from termserver.matching.normalise.negation import negated_words
from termserver.matching.normalise.tables import expand, language_of, typed_mask, typed_values
from termserver.matching.remarks import MOST_CHARACTERS, readable_share, remarks_of, told_languages
from termserver.matching.units import unit_of_row
from termserver.model.candidate import SourceTerm

_PARENTHESES = re.compile(r"\s*[\[(/]([^\])/]{4,})[\])/]\s*")
_LETTER = re.compile(r"[^\W\d_]")
MOST_TEXTS = 4


@dataclass(frozen=True, slots=True)
class Query:
    """A row made ready.

    Parameters
    ----------
    term
        Repaired, abbreviations written out.
    texts
        Forms of the term that search, `term` first; at most `MOST_TEXTS`.
    with_context
        The term followed by its context, or the term alone.
    context
        The words of the context, or an empty text.
    typed, negated
        Bits of `tables.VALUES`; bits of the words that are denied.
    language
        Primary language; None where none is named or the letters tell that the label is wrong.
    readable
        Share of the letters that the engine reads, 0 to 1.
    remarks
        What a curator should know about the term.
    named
        What is compared word by word: the term, of a laboratory name what follows the specimen's prefix.
    lab, scale
        Laboratory axes, and position in `labs.SCALES` plus one; zeros where the row does not say.
    unit
        Of a laboratory row, as `units.canonical_unit` spells it; empty where its context names none.
    analyte
        What a laboratory name measures, without its specimen; other terms whole.
    gloss, gloss_share
        The term read word by word in English (`pivot`), and the share of its letters that were read; empty and 0 where none is.
    """

    term: str
    texts: tuple[str, ...]
    with_context: str
    context: str
    language: str | None
    named: str
    skeleton: str
    folded: str
    typed: int
    negated: int
    analyte: str
    numbers: frozenset[str]
    lab: LabAxes
    scale: int
    unit: str
    code: str | None
    readable: float
    remarks: tuple[str, ...]
    gloss: str = ""
    gloss_share: float = 0.0


def query_of(row: SourceTerm) -> Query:
    """A source term as the engine asks it."""
    labelled = language_of(row.language)
    raw = repair(row.term[: 4 * MOST_CHARACTERS]).strip()[:MOST_CHARACTERS]
    told = told_languages(raw)
    language = labelled if told is None or labelled in told else None
    term = expand(raw, language)
    named = without_prefix(term)
    lab = axes_of_row(raw, row.context)
    read = None if lab.property else unit_of_values(raw, row.context)
    if read:
        lab = replace(lab, property=property_of_unit(read.unit))
    context = context_words(row)
    texts = [term]
    shorter = _PARENTHESES.sub(" ", term).strip()
    inside = [found for found in _PARENTHESES.findall(term) if len(found.split()) < 8]
    texts += [
        text
        for text in (raw, shorter, *inside, *(name.value[:MOST_CHARACTERS] for name in row.other_terms))
        if text and text not in texts
    ]
    return Query(
        term=term,
        texts=tuple(texts[:MOST_TEXTS]),
        with_context=f"{term} {context}".strip(),
        context=context,
        language=language,
        named=named,
        skeleton=skel(named),
        folded=fold(raw),
        typed=typed_mask(typed_values(term, language)),
        negated=negated_words(term, language),
        analyte=analyte_of(term),
        numbers=numbers_of(term),
        lab=lab,
        scale=scale_of_row(raw, lab, row.context),
        unit=unit_of_row(row.context),
        code=row.code,
        readable=readable_share(raw),
        remarks=(
            *remarks_of(raw, labelled, whole_length=len(row.term), label=row.language),
            *((read.remark,) if read else ()),
        ),
    )


def context_words(row: SourceTerm) -> str:
    """The context's values that have letters, in the order given.

    >>> context_words(SourceTerm("P-Albumin", context={"unit": "g/L", "n": "12", "system": "Plasma"}))
    'g/L Plasma'
    """
    return " ".join(value for value in row.context.values() if _LETTER.search(value) and len(value) < 120)


def languages_in(queries: Sequence[Query]) -> list[str | None]:
    """The languages of the queries, each once, sorted; unknown last."""
    return sorted({query.language for query in queries}, key=lambda language: (language is None, language or ""))
