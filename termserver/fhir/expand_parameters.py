"""$expand: parameters in. The answer is written by `expansion`. Source: `ValueSet-operation-expand` of R4 and R5."""

from __future__ import annotations

from termserver.errors import BadInput, NotSupported
from termserver.fhir.elements import split_canonical
from termserver.fhir.parameters import ParameterList, read_overlay
from termserver.fhir.terminology_parameters import check_date, display_language, versioned_canonicals
from termserver.fhir.value_set import read_value_set
from termserver.fhir.versions import FhirVersion
from termserver.model.requests import ExpandRequest

# Of the operation itself; then what clients send along with it, of other operations and of their own bookkeeping
_KNOWN = frozenset(
    [
        *("url", "valueSet", "valueSetVersion", "context", "contextDirection", "filter", "date", "offset", "count"),
        *("includeDesignations", "designation", "includeDefinition", "activeOnly", "excludeNested", "excludeNotForUI"),
        *("excludePostCoordinated", "displayLanguage", "property", "useSupplement", "exclude-system", "system-version"),
        *("check-system-version", "force-system-version", "default-valueset-version", "tx-resource"),
        *("cache-id", "diagnostics", "manifest", "limit", "limitedExpansion", "incomplete-ok", "no-cache", "uuid"),
        *("allowMaximumSizeExpansion", "default-to-latest-version", "lenient-display-validation", "abstract", "mode"),
        *("valueset-membership-only", "inferSystem", "profile", "profile-url", "valueSetMode"),
    ]
)
_ECHOED_FLAGS = (
    "excludeNested", "activeOnly", "includeDesignations", "includeDefinition", "excludeNotForUI", "excludePostCoordinated",
)  # fmt: skip
_ECHOED_NUMBERS = ("offset", "count")
_ECHOED_TEXTS = ("designation", "exclude-system")


def read_expand(
    parameters: ParameterList, version: FhirVersion, *, resource_id: str | None = None, language: str | None = None
) -> ExpandRequest:
    """$expand, at type or instance level.

    Raises
    ------
    BadInput
        Naming the parameter that cannot be used, or that the value set is named in several ways or none.
    NotSupported
        If an expansion as of an earlier day is asked for.
    """
    parameters.refuse_unknown(_KNOWN, "$expand")
    check_date(parameters)
    _check_one_value_set(parameters, resource_id)
    inline = parameters.resource("valueSet")
    url, pinned = split_canonical(parameters.text("url") or "")
    return ExpandRequest(
        value_set_url=url or None,
        value_set_version=pinned or parameters.text("valueSetVersion"),
        value_set_id=resource_id,
        inline_value_set=read_value_set(inline, version) if inline is not None else None,
        text_filter=parameters.text("filter") or "",
        offset=parameters.number("offset") or 0,
        count=parameters.number("count"),
        include_designations=parameters.flag("includeDesignations"),
        designations=parameters.texts("designation"),
        include_definition=parameters.flag("includeDefinition"),
        exclude_nested=parameters.flag("excludeNested"),
        exclude_not_for_ui=parameters.flag("excludeNotForUI"),
        active_only=parameters.flag("activeOnly"),
        properties=parameters.texts("property"),
        language=display_language(parameters),
        header_language=language,
        echoed=_echoed(parameters),
        system_versions=versioned_canonicals(parameters, "system-version"),
        check_system_versions=versioned_canonicals(parameters, "check-system-version"),
        force_system_versions=versioned_canonicals(parameters, "force-system-version"),
        default_value_set_versions=versioned_canonicals(parameters, "default-valueset-version"),
        excluded_systems=parameters.texts("exclude-system"),
        supplements=parameters.texts("useSupplement"),
        overlay=read_overlay(parameters, version),
    )


def _check_one_value_set(parameters: ParameterList, resource_id: str | None) -> None:
    if parameters.has("context") and not parameters.has("url", "valueSet"):
        raise NotSupported(
            "Parameter 'context': this server knows no profiles; name the value set by url", expression="context"
        )
    if resource_id is not None and parameters.has("url", "valueSet"):
        named = "url" if parameters.has("url") else "valueSet"
        raise BadInput(f"Parameter '{named}': the path names the value set already", expression=named)


def _echoed(parameters: ParameterList) -> tuple[tuple[str, str | int | bool], ...]:
    """What an expansion repeats of the request; `displayLanguage` and versions are added where they count."""
    echoed: list[tuple[str, str | int | bool]] = [
        (name, parameters.flag(name)) for name in _ECHOED_FLAGS if parameters.has(name)
    ]
    for name in _ECHOED_NUMBERS:
        number = parameters.number(name)
        if number is not None:
            echoed.append((name, number))
    text_filter = parameters.text("filter")
    if text_filter:
        echoed.append(("filter", text_filter))
    for name in _ECHOED_TEXTS:
        echoed += [(name, text) for text in parameters.texts(name)]
    return tuple(echoed)
