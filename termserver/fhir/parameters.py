"""One reader for the parameters of an operation, whether they came as a GET query or as a POSTed Parameters.

A `ParameterList` gives typed access by any of several spellings; a wrong type or a repeated single parameter is an
error that names the parameter. Source: FHIR R4 and R5, Operations (executing an operation synchronously).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from termserver.errors import BadInput
from termserver.fhir.code_system import read_code_system
from termserver.fhir.coding import read_codeable_concept, read_coding
from termserver.fhir.concept_map import read_concept_map
from termserver.fhir.elements import Json, fault, kind_of, objects, required_text, resource_of_type, split_canonical
from termserver.fhir.value_set import read_value_set
from termserver.fhir.versions import FhirVersion
from termserver.model.coding import Coding
from termserver.model.requests import Overlay

_TEXT_KINDS = frozenset(
    [
        "String",
        "Code",
        "Uri",
        "Canonical",
        "Url",
        "Id",
        "Uuid",
        "Oid",
        "DateTime",
        "Date",
        "Instant",
        "Time",
        "Markdown",
        "Base64Binary",
    ]
)
_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter or part. `kind` is the FHIR type behind `value…`, or None for a query's text."""

    name: str
    value: object
    kind: str | None
    parts: tuple[Parameter, ...] = ()
    resource: Json | None = None


class ParameterList:
    """Parameters by name, in order; spellings are alternatives of which one may be given."""

    __slots__ = ("_by_name",)

    def __init__(self, by_name: dict[str, list[Parameter]]) -> None:
        self._by_name = by_name

    def every(self, *names: str) -> list[Parameter]:
        """All parameters with one of the names."""
        return [item for name in names if name in self._by_name for item in self._by_name[name]]

    def one(self, *names: str) -> Parameter | None:
        """The parameter with one of the names, or None.

        Raises
        ------
        BadInput
            If there are several with different values.
        """
        found: Parameter | None = None
        for name in names:
            for item in self._by_name.get(name, ()):
                if found is not None and (item.value, item.resource) != (found.value, found.resource):
                    raise BadInput(
                        f"Parameter '{item.name}': given more than once with different values", expression=item.name
                    )
                found = item
        return found

    def refuse_unknown(self, known: Collection[str], operation: str) -> None:
        """Every parameter must be one that the operation knows; `_…` and `x-…` are no parameters of operations.

        Raises
        ------
        BadInput
            Naming the first one that is not.
        """
        for name in self._by_name:
            if name not in known and not name.startswith(("x-", "_")):
                raise BadInput(f"Parameter '{name}': is not known to {operation}", expression=name)

    def without(self, *names: str) -> ParameterList:
        """The others."""
        return ParameterList({name: items for name, items in self._by_name.items() if name not in names})

    def over(self, others: ParameterList) -> ParameterList:
        """These, and of the others those that are not given here."""
        return ParameterList({**others._by_name, **self._by_name})

    def has(self, *names: str) -> bool:
        """True if one of the names is given."""
        return any(name in self._by_name for name in names)

    def given(self, names: Sequence[str]) -> list[str]:
        """Those of the names that are given."""
        by_name = self._by_name
        return [name for name in names if name in by_name]

    def with_text(self, name: str, value: str) -> ParameterList:
        """The same with one more text parameter."""
        return ParameterList({**self._by_name, name: [Parameter(name, value, None)]})

    def text(self, *names: str) -> str | None:
        """A text value; None if absent or empty."""
        item = self.one(*names)
        return None if item is None else _text_of(item) or None

    def texts(self, *names: str) -> tuple[str, ...]:
        """All text values of a repeatable parameter."""
        return tuple(value for value in (_text_of(item) for item in self.every(*names)) if value)

    def flag(self, *names: str, default: bool = False) -> bool:
        """A boolean value."""
        item = self.one(*names)
        if item is None:
            return default
        if isinstance(item.value, bool):
            return item.value
        if item.kind in (None, "Boolean") and isinstance(item.value, str) and item.value.lower() in _FLAGS:
            return _FLAGS[item.value.lower()]
        raise BadInput(f"Parameter '{item.name}': must be true or false", expression=item.name)

    def number(self, *names: str) -> int | None:
        """A whole number from 0 up."""
        item = self.one(*names)
        if item is None:
            return None
        value = item.value
        if item.kind is None and isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31:
            return value
        raise BadInput(f"Parameter '{item.name}': must be a whole number from 0 up", expression=item.name)

    def coding(self, *names: str) -> Coding | None:
        """A Coding; in a query `system|code`."""
        item = self.one(*names)
        if item is None:
            return None
        if item.kind == "Coding" and isinstance(item.value, dict):
            return read_coding(item.value, item.name)
        if item.kind is None and isinstance(item.value, str) and "|" in item.value:
            system, _, code = item.value.rpartition("|")
            return Coding(*_system_and_code(system, code))
        raise BadInput(f"Parameter '{item.name}': must be a Coding, {_given(item)}", expression=item.name)

    def codings(self, name: str) -> tuple[Coding, ...]:
        """All Codings of a repeatable parameter; in a query `system|code`."""
        return tuple(
            coding for item in self.every(name) if (coding := ParameterList({name: [item]}).coding(name)) is not None
        )

    def codeable_concept(self, *names: str) -> tuple[Coding, ...] | None:
        """Every coding of a CodeableConcept, or None if the parameter is absent."""
        item = self.one(*names)
        if item is None:
            return None
        if item.kind != "CodeableConcept" or not isinstance(item.value, dict):
            raise BadInput(f"Parameter '{item.name}': must be a CodeableConcept, {_given(item)}", expression=item.name)
        codings = read_codeable_concept(item.value, item.name)
        if not codings:
            raise BadInput(f"Parameter '{item.name}': the CodeableConcept has no coding", expression=item.name)
        return codings

    def resource(self, *names: str) -> Json | None:
        """A resource, or None if the parameter is absent."""
        item = self.one(*names)
        if item is None:
            return None
        if item.resource is None:
            raise BadInput(f"Parameter '{item.name}': must be a resource, {_given(item)}", expression=item.name)
        return item.resource


def _system_and_code(system: str, code: str) -> tuple[str, str, str | None]:
    url, version = split_canonical(system)
    return url, code, version


def _given(item: Parameter) -> str:
    if item.resource is not None:
        return "not a resource"
    return f"not value{item.kind}" if item.kind else f"not {kind_of(item.value)} in a query (use POST)"


def _text_of(item: Parameter) -> str:
    if isinstance(item.value, str) and (item.kind is None or item.kind in _TEXT_KINDS):
        return item.value
    raise BadInput(f"Parameter '{item.name}': must be a text value, {_given(item)}", expression=item.name)


def parameters_from_query(pairs: Iterable[tuple[str, str]]) -> ParameterList:
    """The parameters of a GET.

    >>> parameters_from_query([("url", "http://a.b/c")]).text("url")
    'http://a.b/c'
    """
    by_name: dict[str, list[Parameter]] = {}
    for name, value in pairs:
        by_name.setdefault(name, []).append(Parameter(name, value, None))
    return ParameterList(by_name)


def parameters_from_body(
    body: object, query: Iterable[tuple[str, str]] = (), *, alone: tuple[str, str] | None = None
) -> ParameterList:
    """The parameters of a POST: its Parameters resource, and what stands in the URL beside it.

    Parameters
    ----------
    alone
        Type and name of the operation's one parameter that is a resource: it may be the body, by itself.

    Raises
    ------
    BadInput
        If the body is no Parameters resource, or a parameter has no name or several values.
    """
    by_name: dict[str, list[Parameter]] = {}
    if alone is not None and isinstance(body, dict) and body.get("resourceType") == alone[0]:
        by_name[alone[1]] = [Parameter(alone[1], None, "", (), body)]
    else:
        resource = resource_of_type(body, "Parameters")
        for place, element in enumerate(objects(resource, "parameter", "Parameters")):
            item = _read_parameter(element, f"Parameters.parameter[{place}]")
            by_name.setdefault(item.name, []).append(item)
    beside: dict[str, list[Parameter]] = {}
    for name, value in query:
        if name not in by_name and not name.startswith("_"):
            beside.setdefault(name, []).append(Parameter(name, value, None))
    return ParameterList(by_name | beside)


def _read_parameter(element: Json, path: str) -> Parameter:
    name = required_text(element, "name", path)
    values = [key for key in element if key.startswith("value")]
    if len(values) > 1:
        raise BadInput(f"{path} '{name}': has several values: {', '.join(sorted(values))}", expression=path)
    resource = element.get("resource")
    if resource is not None and not isinstance(resource, dict):
        raise fault(f"{path}.resource", f"must be an object, not {kind_of(resource)}")
    parts = tuple(
        _read_parameter(item, f"{path}.part[{place}]") for place, item in enumerate(objects(element, "part", path))
    )
    if not values:
        return Parameter(name, None, "", parts, resource)
    kind = values[0].removeprefix("value")
    value = element[values[0]]
    _check_value(value, kind, name)
    return Parameter(name, value, kind, parts, resource)


def _check_value(value: object, kind: str, name: str) -> None:
    if kind in _TEXT_KINDS:
        right = isinstance(value, str)
    elif kind == "Boolean":
        right = isinstance(value, bool) or (
            isinstance(value, str) and value in _FLAGS
        )  # HL7's own tests write booleans as text
    elif kind in ("Integer", "PositiveInt", "UnsignedInt", "Integer64", "Decimal"):
        right = isinstance(value, int | float | str) and not isinstance(value, bool)
    else:
        right = isinstance(value, dict)
    if not right:
        raise BadInput(f"Parameter '{name}': value{kind} cannot be {kind_of(value)}", expression=name)


def read_overlay(parameters: ParameterList, version: FhirVersion) -> Overlay:
    """The resources in `tx-resource`; kinds that the engine has no use for are passed over."""
    code_systems, value_sets, concept_maps = [], [], []
    for item in parameters.every("tx-resource"):
        if item.resource is None:
            raise BadInput("Parameter 'tx-resource': must be a resource", expression="tx-resource")
        kind = item.resource.get("resourceType")
        if kind == "CodeSystem":
            header, concepts = read_code_system(item.resource, version)
            code_systems.append((header, tuple(concepts)))
        elif kind == "ValueSet":
            value_sets.append(read_value_set(item.resource, version))
        elif kind == "ConceptMap":
            concept_maps.append(read_concept_map(item.resource, version))
    return Overlay(tuple(code_systems), tuple(value_sets), tuple(concept_maps), version.number)


def parameter(name: str, kind: str, value: object) -> Json:
    """A written parameter.

    >>> parameter("result", "Boolean", True)
    {'name': 'result', 'valueBoolean': True}
    """
    return {"name": name, f"value{kind}": value}
