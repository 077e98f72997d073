"""Is this JSON a resource of that FHIR version? What is stored must be one; what an operation reads need not be.

Checked are names, cardinality, JSON types, the form of primitives and required codes; not invariants and profiles.
Source: FHIR R4 and R5, JSON format.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from termserver.fhir.elements import Json, fault, kind_of
from termserver.fhir.primitives import fault_of_primitive
from termserver.fhir.schema import ElementDefinition, elements_of, required_of
from termserver.fhir.versions import FhirVersion

_PASSED_OVER = {"resourceType", "fhir_comments"}


def check_resource(resource: Json, version: FhirVersion, *, except_for: Collection[str] = ()) -> None:
    """Go on only if the resource conforms.

    Parameters
    ----------
    except_for
        Paths without places (`ConceptMap.group.element`) that are not looked into, and may be absent.

    Raises
    ------
    BadInput
        Naming the element at fault and what is wrong with it.
    """
    kind = str(resource.get("resourceType"))
    _check_elements(resource, kind, kind, kind, version, except_for)


def check_element(element: Json, kind: str, path: str, version: FhirVersion) -> None:
    """As `check_resource`, of one element of that type.

    >>> check_element({"code": 5}, "ConceptMapGroupElement", "element", FhirVersion.R4)
    Traceback (most recent call last):
    termserver.errors.BadInput: element.code: must be a string, not 5
    """
    _check_elements(element, kind, path, path, version, ())


def _check_elements(
    element: Json, kind: str, path: str, shape: str, version: FhirVersion, except_for: Collection[str]
) -> None:
    elements = elements_of(kind, version)
    if elements is None:
        return  # a contained resource of a kind that is not served
    if not element or (element.keys() <= _PASSED_OVER and kind not in ("Parameters", "Bundle")):
        raise fault(path, "must not be empty")
    chosen: dict[str, str] = {}
    for name in element:
        definition = elements.get(name)
        if definition is None:
            if name not in _PASSED_OVER:
                _check_extras(element, name, kind, path, elements, version)
                definition = elements[name[1:]]
        elif f"{shape}.{name}" not in except_for:
            _check_member(element, definition, f"{path}.{name}", f"{shape}.{name}", version, except_for)
        if definition is None or not definition.choice:
            continue
        if chosen.setdefault(definition.choice, definition.name) != definition.name:
            raise fault(
                f"{path}.{definition.name}",
                f"may not stand beside {chosen[definition.choice]}: one {definition.choice}[x] only",
            )
    required, required_choices = required_of(kind, version)
    for name in required:
        if name not in element and f"_{name}" not in element and f"{shape}.{name}" not in except_for:
            raise fault(f"{path}.{name}", "is missing")
    for choice in required_choices:
        if choice not in chosen:
            raise fault(f"{path}.{choice}[x]", "is missing")


def _check_extras(
    element: Json,
    name: str,
    kind: str,
    path: str,
    elements: Mapping[str, ElementDefinition],
    version: FhirVersion,
) -> None:
    """`_name` beside or in place of the primitive `name`; any other unknown name is a fault."""
    definition = elements.get(name[1:]) if name.startswith("_") else None
    if definition is None or not definition.is_primitive:
        raise fault(f"{path}.{name}", f"is no element of {kind} in FHIR {version.number}")
    extras = element[name] if definition.is_list else [element[name]]
    if not isinstance(extras, list):
        raise fault(f"{path}.{name}", f"must be an array, not {kind_of(extras)}")
    for place, extra in enumerate(extras):
        here = f"{path}.{name}[{place}]" if definition.is_list else f"{path}.{name}"
        if extra is None and definition.is_list:
            continue
        if not isinstance(extra, dict):
            raise fault(here, f"must be an object, not {kind_of(extra)}")
        _check_elements(extra, "Element", here, here, version, ())


def _check_member(
    element: Json,
    definition: ElementDefinition,
    path: str,
    shape: str,
    version: FhirVersion,
    except_for: Collection[str],
) -> None:
    value = element.get(definition.name)
    extras = element.get(f"_{definition.name}")
    if value is None and extras is not None:
        return
    if not definition.is_list:
        if isinstance(value, list):
            raise fault(path, "must not be an array: it may be there once")
        _check_value(value, definition, path, shape, version, except_for)
        return
    if not isinstance(value, list):
        raise fault(path, f"must be an array, not {kind_of(value)}")
    if not value:
        raise fault(path, "must not be an empty array")
    for place, item in enumerate(value):
        if item is None and isinstance(extras, list) and place < len(extras) and extras[place] is not None:
            continue
        _check_value(item, definition, f"{path}[{place}]", shape, version, except_for)


def _check_value(
    value: Any,
    definition: ElementDefinition,
    path: str,
    shape: str,
    version: FhirVersion,
    except_for: Collection[str],
) -> None:
    if definition.is_primitive or definition.kind == "xhtml":
        wrong = fault_of_primitive(value, definition.kind)
        if wrong is None and definition.codes and value not in definition.codes:
            wrong = f"'{str(value)[:60]}' is none of {', '.join(sorted(definition.codes))}"
        if wrong is not None:
            raise fault(path, wrong)
        return
    if not isinstance(value, dict):
        raise fault(path, f"must be an object, not {kind_of(value)}")
    if definition.kind == "Resource":
        kind = value.get("resourceType")
        if not isinstance(kind, str):
            raise fault(f"{path}.resourceType", "is missing")
        _check_elements(value, kind, path, shape, version, except_for)
    else:
        _check_elements(value, definition.kind, path, shape, version, except_for)
