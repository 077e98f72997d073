"""FHIR's search parameters of canonical resources, the same for code systems, value sets and concept maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from sqlalchemy import Select

from termserver.store.tables import CodeSystemTable, ConceptMapTable, ValueSetTable

Canonical = TypeVar("Canonical", CodeSystemTable, ConceptMapTable, ValueSetTable)
_BEGINNINGS = frozenset({"name", "title"})


def narrowed(query: Select[Canonical], table: type[Canonical], asked: Mapping[str, str | None]) -> Select[Canonical]:
    """The query, narrowed to what fits all that is asked.

    Parameters
    ----------
    asked
        Column → value, None where not asked. `name` and `title` are beginnings, without regard to case (FHIR string
        search); other columns are equal.
    """
    for name, value in asked.items():
        if value is not None:
            column = getattr(table, name)
            query = query.where(column.istartswith(value, autoescape=True) if name in _BEGINNINGS else column == value)
    return query
