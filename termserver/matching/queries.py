"""What the engine asks for a row: its texts in the forms that search, with the typed facts that rank."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from termserver.matching.labs import LabAxes, axes_of_row
from termserver.matching.normalise.common import fold, numbers_of, repair, skel
from termserver.matching.normalise.tables import expand, language_of, typed_mask, typed_values
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
    typed
        Bits of `tables.VALUES`.
    """

    term: str
    texts: tuple[str, ...]
    with_context: str
    context: str
    language: str | None
    skeleton: str
    folded: str
    typed: int
    numbers: frozenset[str]
    lab: LabAxes
    code: str | None


def query_of(row: SourceTerm) -> Query:
    """A source term as the engine asks it."""
    language = language_of(row.language)
    raw = repair(row.term).strip()
    term = expand(raw, language)
    context = context_words(row)
    texts = [term]
    shorter = _PARENTHESES.sub(" ", term).strip()
    inside = [found for found in _PARENTHESES.findall(term) if len(found.split()) < 8]
    texts += [
        text
        for text in (raw, shorter, *inside, *(name.value for name in row.other_terms))
        if text and text not in texts
    ]
    return Query(
        term=term,
        texts=tuple(texts[:MOST_TEXTS]),
        with_context=f"{term} {context}".strip(),
        context=context,
        language=language,
        skeleton=skel(term),
        folded=fold(raw),
        typed=typed_mask(typed_values(term, language)),
        numbers=numbers_of(term),
        lab=axes_of_row(raw, row.context),
        code=row.code,
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
