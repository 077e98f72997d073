"""FHIR search: which parameters each resource has, what they look at, and how a value matches.

The values looked at are those of the resource's R5 JSON without its concepts, elements and rules. Source: FHIR R4 and R5,
search, and the search parameters of CodeSystem, ValueSet, ConceptMap and NamingSystem.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from termserver.errors import BadInput
from termserver.fhir.elements import Json, split_canonical

_PREFIX = re.compile(
    r"^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?)?)?)$"
)
_MODIFIERS = {
    "string": ("exact", "contains", "missing", "text"),
    "token": ("not", "missing", "text"),
    "uri": ("below", "above", "missing"),
    "reference": ("missing", "identifier"),
    "date": ("missing",),
}


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """A parameter.

    Parameters
    ----------
    kind
        `string`, `token`, `uri`, `reference` or `date`.
    looks_at
        Paths into the resource, dots between names; arrays are looked into.
    """

    name: str
    kind: str
    looks_at: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Criterion:
    """One parameter of a search: any of its values must match (with `not`: none)."""

    parameter: SearchParameter
    modifier: str
    values: tuple[str, ...]


def _canonical_resource(*more: SearchParameter) -> dict[str, SearchParameter]:
    common = (
        SearchParameter("_id", "token", ("id",)),
        SearchParameter("_lastUpdated", "date", ("meta.lastUpdated",)),
        SearchParameter("_tag", "token", ("meta.tag",)),
        SearchParameter("_security", "token", ("meta.security",)),
        SearchParameter("_profile", "uri", ("meta.profile",)),
        SearchParameter("_source", "uri", ("meta.source",)),
        SearchParameter("url", "uri", ("url",)),
        SearchParameter("version", "token", ("version",)),
        SearchParameter("name", "string", ("name",)),
        SearchParameter("title", "string", ("title",)),
        SearchParameter("status", "token", ("status",)),
        SearchParameter("date", "date", ("date",)),
        SearchParameter("publisher", "string", ("publisher",)),
        SearchParameter("description", "string", ("description",)),
        SearchParameter("jurisdiction", "token", ("jurisdiction",)),
        SearchParameter("identifier", "token", ("identifier",)),
        SearchParameter("context", "token", ("useContext.valueCodeableConcept",)),
        SearchParameter("context-type", "token", ("useContext.code",)),
        SearchParameter("effective", "date", ("effectivePeriod.start",)),
        SearchParameter("topic", "token", ("topic",)),
        SearchParameter("derived-from", "reference", ("relatedArtifact[derived-from].resource",)),
        SearchParameter("predecessor", "reference", ("relatedArtifact[predecessor].resource",)),
    )
    return {item.name: item for item in (*common, *more)}


def _both(*pairs: tuple[str, str, tuple[str, ...]]) -> list[SearchParameter]:
    return [SearchParameter(name, kind, paths) for name, kind, paths in pairs]


SEARCH_PARAMETERS: dict[str, dict[str, SearchParameter]] = {
    "CodeSystem": _canonical_resource(
        *_both(
            ("system", "uri", ("url",)),
            ("code", "token", ()),
            ("content-mode", "token", ("content",)),
            ("language", "token", ("concept.designation.language", "language")),
            ("supplements", "reference", ("supplements",)),
        )
    ),
    "ValueSet": _canonical_resource(
        *_both(
            ("code", "token", ("compose.include.concept.code", "expansion.contains.code")),
            ("reference", "uri", ("compose.include.system", "compose.include.valueSet")),
            ("expansion", "uri", ("expansion.identifier",)),
        )
    ),
    "ConceptMap": _canonical_resource(
        *_both(
            ("source-code", "token", ()),
            ("target-code", "token", ()),
            # R4's names and R5's for the same
            ("source-system", "uri", ("group.source",)),
            ("source-group-system", "uri", ("group.source",)),
            ("target-system", "uri", ("group.target",)),
            ("target-group-system", "uri", ("group.target",)),
            ("source", "reference", ("sourceScopeCanonical", "sourceScopeUri")),
            ("source-scope", "reference", ("sourceScopeCanonical", "sourceScopeUri")),
            ("source-uri", "uri", ("sourceScopeUri", "sourceScopeCanonical")),
            ("source-scope-uri", "uri", ("sourceScopeUri", "sourceScopeCanonical")),
            ("target", "reference", ("targetScopeCanonical", "targetScopeUri")),
            ("target-scope", "reference", ("targetScopeCanonical", "targetScopeUri")),
            ("target-uri", "uri", ("targetScopeUri", "targetScopeCanonical")),
            ("target-scope-uri", "uri", ("targetScopeUri", "targetScopeCanonical")),
            ("other", "reference", ("group.unmapped.otherMap",)),
            ("other-map", "reference", ("group.unmapped.otherMap",)),
            ("mapping-property", "uri", ("property.uri",)),
            ("dependson", "uri", ("additionalAttribute.uri",)),
            ("product", "uri", ("additionalAttribute.uri",)),
        )
    ),
    "NamingSystem": _canonical_resource(
        *_both(
            ("kind", "token", ("kind",)),
            ("value", "string", ("uniqueId.value",)),
            ("id-type", "token", ("uniqueId.type",)),
            ("period", "date", ("uniqueId.period.start",)),
            ("responsible", "string", ("responsible",)),
            ("contact", "string", ("contact.name",)),
            ("telecom", "token", ("contact.telecom",)),
            ("type", "token", ("type",)),
        )
    ),
}
# Parameters about the answer, not about what is sought
RESULT_PARAMETERS = {
    "_count",
    "_offset",
    "_summary",
    "_format",
    "_pretty",
    "_total",
    "_sort",
    "_elements",
    "_maxresults",
}
SORTED_BY = ("_id", "_lastUpdated", "url", "version", "name", "title", "status", "date", "publisher", "description")


def read_criteria(kind: str, query: Sequence[tuple[str, str]]) -> tuple[list[Criterion], list[str]]:
    """The criteria of a search, and what in it this server does not know.

    Parameters
    ----------
    query
        Parameters without a value are passed over.

    Raises
    ------
    BadInput
        If a known parameter has a modifier or a value that it cannot have.
    """
    known = SEARCH_PARAMETERS[kind]
    criteria: list[Criterion] = []
    unknown: list[str] = []
    for name, value in query:
        bare, _, modifier = name.partition(":")
        if bare in RESULT_PARAMETERS or value == "":
            continue
        parameter = known.get(bare)
        if parameter is None:
            unknown.append(name)
            continue
        if modifier and modifier not in _MODIFIERS[parameter.kind]:
            allowed = ", ".join(_MODIFIERS[parameter.kind])
            raise BadInput(f"Parameter '{name}': the modifier must be one of {allowed}", expression=name[:80])
        values = tuple(_split_values(value))
        _check_values(parameter, modifier, values, name)
        criteria.append(Criterion(parameter, modifier, values))
    return criteria, unknown


def _split_values(value: str) -> Iterable[str]:
    """Alternatives between commas; a comma, bar or dollar behind a backslash is the character itself."""
    for part in re.split(r"(?<!\\),", value):
        if part:
            yield re.sub(r"\\([,$\\])", r"\1", part)


def _check_values(parameter: SearchParameter, modifier: str, values: Sequence[str], name: str) -> None:
    if not values:
        raise BadInput(f"Parameter '{name}': has no value", expression=name)
    if modifier == "missing" and any(value not in ("true", "false") for value in values):
        raise BadInput(f"Parameter '{name}': must be true or false", expression=name)
    if parameter.kind == "date" and not modifier and not all(_PREFIX.match(value) for value in values):
        raise BadInput(f"Parameter '{name}': must be a date, as ge2024-05-01 or 2024-05", expression=name)


# ------------------------------------------------------------------ matching


def matches(criterion: Criterion, resource: Json, canonical: Callable[[str], str]) -> bool:
    """True if the resource fits the criterion.

    Parameters
    ----------
    canonical
        The canonical URL behind an alias (an OID, a national URI), or the same text.
    """
    found = [value for path in criterion.parameter.looks_at for value in values_at(resource, path)]
    if criterion.modifier == "missing":
        return any((wanted == "true") == (not found) for wanted in criterion.values)
    kind = criterion.parameter.kind
    if criterion.modifier == "not":
        return not any(_token_fits(wanted, value) for wanted in criterion.values for value in found)
    if kind == "token" and criterion.modifier == "text":
        return any(
            _folded(text).startswith(_folded(wanted)) for text in map(_words_of, found) for wanted in criterion.values
        )
    if kind == "token":
        return any(_token_fits(wanted, value) for wanted in criterion.values for value in found)
    if kind == "string":
        return any(_string_fits(wanted, value, criterion.modifier) for wanted in criterion.values for value in found)
    if kind == "date":
        return any(
            _date_fits(wanted, value) for wanted in criterion.values for value in found if isinstance(value, str)
        )
    return any(
        _uri_fits(wanted, value, criterion.modifier, canonical)
        for wanted in criterion.values
        for value in found
        if isinstance(value, str)
    )


def values_at(resource: Any, path: str) -> list[Any]:
    """What stands at a path, arrays looked into.

    >>> values_at({"group": [{"source": "a"}, {"source": "b"}]}, "group.source")
    ['a', 'b']
    """
    level = [resource]
    for step in path.split("."):
        name, _, wanted_type = step.rstrip("]").partition("[")
        below: list[Any] = []
        for item in level:
            value = item.get(name) if isinstance(item, dict) else None
            below += value if isinstance(value, list) else [] if value is None else [value]
        level = [
            item for item in below if not wanted_type or (isinstance(item, dict) and item.get("type") == wanted_type)
        ]
    return level


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in plain if not unicodedata.combining(character))


def _words_of(value: Any) -> str:
    if isinstance(value, dict):
        inner = [str(value[name]) for name in ("text", "display", "value") if value.get(name)]
        inner += [_words_of(item) for item in value.get("coding", [])]
        return " ".join(inner)
    return str(value)


def _string_fits(wanted: str, value: Any, modifier: str) -> bool:
    text = _words_of(value)
    if modifier == "exact":
        return text == wanted
    if modifier == "contains":
        return _folded(wanted) in _folded(text)
    return _folded(text).startswith(_folded(wanted))


def _token_fits(wanted: str, value: Any) -> bool:
    """`code`, `system|code`, `|code` or `system|` against a code, Coding, CodeableConcept, Identifier or ContactPoint."""
    wanted_system, bar, wanted_code = wanted.rpartition("|")
    for system, code in _tokens_of(value):
        if (not wanted_code or code == wanted_code) and (not bar or system == wanted_system):
            return True
    return False


def _tokens_of(value: Any) -> Iterable[tuple[str, str]]:
    if not isinstance(value, dict):
        yield "", str(value)
    elif "coding" in value:
        for item in value["coding"]:
            yield from _tokens_of(item)
    else:
        yield str(value.get("system", "")), str(value.get("code", value.get("value", "")))


def _uri_fits(wanted: str, value: str, modifier: str, canonical: Callable[[str], str]) -> bool:
    if modifier == "below":
        return value == wanted or value.startswith(wanted.rstrip("/") + "/")
    if modifier == "above":
        return value == wanted or wanted.startswith(value.rstrip("/") + "/")
    if value == wanted:
        return True
    url, version = split_canonical(value)
    wanted_url, wanted_version = split_canonical(wanted)
    same = url == wanted_url or canonical(url) == canonical(wanted_url)
    return same and (wanted_version is None or version is None or wanted_version == version)


def _date_fits(wanted: str, value: str) -> bool:
    """By the moments that both may mean: `2024-05` is every moment of that May."""
    found = _PREFIX.match(wanted)
    if found is None or not re.match(r"\d{4}", value):
        return False
    prefix = found[1] or "eq"
    low, high = span_of_date(found[2])
    value_low, value_high = span_of_date(value)
    return {
        "eq": low <= value_low and value_high <= high,
        "ne": not (low <= value_low and value_high <= high),
        "gt": value_high > high,
        "lt": value_low < low,
        "ge": value_low >= low,
        "le": value_high <= high,
        "sa": value_low > high,
        "eb": value_high < low,
        "ap": value_low[:7] == low[:7],
    }[prefix]


def span_of_date(text: str) -> tuple[str, str]:
    """First and last moment as texts that compare; a zone is brought to UTC."""
    if "T" in text:
        from datetime import UTC, datetime

        try:
            moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            return text, text
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        low = moment.isoformat(timespec="milliseconds")[:23]
        return (low, low) if "." in text else (low, low[:20] + "999")
    start = "0001-01-01T00:00:00.000"
    end = "9999-12-31T23:59:59.999"
    return text + start[len(text) :], text + end[len(text) :]
