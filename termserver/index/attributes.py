"""What a SNOMED CT edition says of its concepts beside names and hierarchy, as arrays: the part `attributes` of the index.

Attributes in role groups, concrete values, definition status, module, dates, descriptions with their dialects,
reference set members, identifiers of other schemes. Other code systems have none of it, and their part is empty.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from termserver.ecl.substrate import (
    ACCEPTABLE,
    DEFINITION,
    FSN,
    PREFERRED,
    SYNONYM,
    Descriptions,
    Members,
    Ordinals,
    Relationships,
    Values,
)
from termserver.index.cache import open_array
from termserver.index.kept_masks import KeptMasks
from termserver.index.parts import Part
from termserver.index.text_pool import TextPoolBuilder, open_text_pool
from termserver.model.code_system import Concept, ConceptProperty, RefsetMember
from termserver.model.coding import Coding

_KINDS = {"900000000000003001": FSN, "900000000000013009": SYNONYM, "900000000000550004": DEFINITION}
_ACCEPTABILITY = {"900000000000548007": PREFERRED, "900000000000549004": ACCEPTABLE}
_LONGEST_NUMBER = 18
_COLUMNS = {
    "code": "q", "defined": "b", "module": "q", "effective_time": "i",
    "relationship_source": "i", "relationship_kind": "q", "relationship_target": "q", "relationship_value": "i",
    "relationship_group": "i", "group_owner": "i",
    "description_owner": "i", "description_number": "q", "description_kind": "b", "description_active": "b",
    "description_module": "q", "description_effective_time": "i",
    "place_description": "i", "place_refset": "q", "place_acceptability": "b",
    "member_refset": "q", "member_component": "i", "member_active": "b", "member_module": "q",
    "member_effective_time": "i", "cell_member": "i", "cell_field": "h", "cell_value": "i",
    "identifier_owner": "i", "identifier_scheme": "q",
}  # fmt: skip
_OF_CONCEPTS = (
    "module", "relationship_kind", "relationship_target", "description_module", "place_refset", "member_refset",
    "member_module", "identifier_scheme",
)  # fmt: skip
_DTYPES = {"q": np.int64, "i": np.int32, "h": np.int16, "b": np.int8}
IDENTIFIER = "alternateIdentifier"


def _number(code: str) -> int:
    """A SNOMED CT identifier as a number; -1 for anything else."""
    return int(code) if code.isascii() and code.isdigit() and len(code) <= _LONGEST_NUMBER else -1


def _day(text: str) -> int:
    return int(text) if len(text) == 8 and text.isascii() and text.isdigit() else 0


class _ValueBuilder:
    """Values by number, each once."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def number_of(self, text: str) -> int:
        return self._known.setdefault(text, len(self._known))

    def save(self, folder: Path, name: str, ordinals_of: _Resolver) -> None:
        pool = TextPoolBuilder()
        for text in self._known:
            pool.add(text)
        pool.save(folder, name)
        numbers = np.array([_as_float(text) for text in self._known], dtype=np.float64)
        codes = np.array([_number(text) for text in self._known], dtype=np.int64)
        np.save(folder / f"{name}_numbers.npy", numbers)
        np.save(folder / f"{name}_ordinals.npy", ordinals_of(codes))


def _as_float(text: str) -> float:
    try:
        return float(text.removeprefix("#")) if len(text) <= _LONGEST_NUMBER else float("nan")
    except ValueError:
        return float("nan")


class _Resolver:
    """Identifiers as numbers → ordinals, by binary search."""

    def __init__(self, codes: NDArray[np.int64]) -> None:
        self._order = np.argsort(codes, kind="stable")
        self._sorted = codes[self._order]

    def __call__(self, wanted: NDArray[np.int64]) -> Ordinals:
        if not len(self._sorted):
            return np.full(len(wanted), -1, dtype=np.int32)
        places = np.minimum(np.searchsorted(self._sorted, wanted), len(self._sorted) - 1)
        known = (self._sorted[places] == wanted) & (wanted >= 0)
        return np.where(known, self._order[places], -1).astype(np.int32)


class AttributesBuilder:
    """Collects columns; memory is some 150 bytes a concept, and the folded descriptions."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._columns: dict[str, array[int]] = {name: array(code) for name, code in _COLUMNS.items()}
        self._languages: list[bytes] = []
        self._terms = TextPoolBuilder()
        self._concrete, self._cells = _ValueBuilder(), _ValueBuilder()
        self._fields: dict[str, int] = {}
        self._identifiers: list[bytes] = []
        self._has_any = False

    def add(self, concept: Concept) -> None:
        """Take the next concept."""
        columns, ordinal = self._columns, len(self._columns["code"])
        columns["code"].append(_number(concept.code))
        defined, module, effective_time = False, -1, 0
        groups: dict[int, int] = {}
        for item in concept.properties:
            if item.group is not None:
                self._add_relationship(ordinal, item, groups)
            elif item.code == "sufficientlyDefined":
                defined = bool(item.value)
            elif item.code == "moduleId":
                module = _number(str(item.value))
            elif item.code == "effectiveTime":
                effective_time = _day(str(item.value))
            elif item.code == IDENTIFIER and isinstance(item.value, Coding):
                self._add_identifier(ordinal, item.value)
        columns["defined"].append(defined)
        columns["module"].append(module)
        columns["effective_time"].append(effective_time)
        self._add_names(ordinal, concept, module, effective_time)
        for member in concept.members:
            self._add_member(ordinal, member)

    def _add_relationship(self, ordinal: int, item: ConceptProperty, groups: dict[int, int]) -> None:
        columns = self._columns
        self._has_any = True
        columns["relationship_source"].append(ordinal)
        columns["relationship_kind"].append(_number(item.code))
        is_concept = item.kind == "code"
        text = str(item.value).lower() if isinstance(item.value, bool) else str(item.value)
        columns["relationship_target"].append(_number(text) if is_concept else -1)
        columns["relationship_value"].append(-1 if is_concept else self._concrete.number_of(text))
        columns["relationship_group"].append(self._group(ordinal, item.group or 0, groups))

    def _group(self, ordinal: int, group: int, groups: dict[int, int]) -> int:
        number = len(self._columns["group_owner"])
        known = groups.setdefault(group, number) if group else number
        if known == number:
            self._columns["group_owner"].append(ordinal)
        return known

    def _add_identifier(self, ordinal: int, identifier: Coding) -> None:
        self._has_any = True
        self._identifiers.append(identifier.code.encode())
        self._columns["identifier_owner"].append(ordinal)
        self._columns["identifier_scheme"].append(_number(identifier.system))

    def _add_names(self, ordinal: int, concept: Concept, module: int, effective_time: int) -> None:
        names = [(designation, True) for designation in concept.designations]
        names += [(designation, False) for designation in concept.former_designations]
        for designation, active in names:
            details = designation.details
            if details is None:
                continue
            kind = _KINDS.get(designation.use.code if designation.use else "", SYNONYM)
            number = self._add_description(ordinal, designation.value, kind, designation.language)
            columns = self._columns
            columns["description_active"].append(active)
            columns["description_number"].append(_number(details.number))
            columns["description_module"].append(_number(details.module))
            columns["description_effective_time"].append(_day(details.effective_time))
            for refset, acceptability in details.acceptability:
                columns["place_description"].append(number)
                columns["place_refset"].append(_number(refset))
                columns["place_acceptability"].append(_ACCEPTABILITY.get(acceptability, 0))
        if module >= 0 and concept.definition:
            # The store keeps a definition's text alone: the rest is the concept's
            self._add_description(ordinal, concept.definition, DEFINITION, "en")
            self._columns["description_number"].append(-1)
            self._columns["description_module"].append(module)
            self._columns["description_effective_time"].append(effective_time)
            self._columns["description_active"].append(1)

    def _add_description(self, ordinal: int, text: str, kind: int, language: str | None) -> int:
        self._has_any = True
        self._columns["description_owner"].append(ordinal)
        self._columns["description_kind"].append(kind)
        self._languages.append((language or "").lower()[:2].encode())
        return self._terms.add(text)

    def _add_member(self, ordinal: int, member: RefsetMember) -> None:
        columns, number = self._columns, len(self._columns["member_refset"])
        self._has_any = True
        columns["member_refset"].append(_number(member.refset))
        columns["member_component"].append(ordinal)
        columns["member_active"].append(member.active)
        columns["member_module"].append(_number(member.module))
        columns["member_effective_time"].append(_day(member.effective_time))
        for name, text in member.fields:
            columns["cell_member"].append(number)
            columns["cell_field"].append(self._fields.setdefault(name, len(self._fields)))
            columns["cell_value"].append(self._cells.number_of(text))

    def finish(self) -> None:
        """Turn identifiers into ordinals and write."""
        if not self._has_any:
            return
        arrays = {name: np.frombuffer(column, dtype=_DTYPES[column.typecode]) for name, column in self._columns.items()}
        ordinals_of = _Resolver(arrays.pop("code"))
        for name, numbers in arrays.items():
            np.save(self._folder / f"{name}.npy", ordinals_of(numbers) if name in _OF_CONCEPTS else numbers)
        for name, texts in (
            ("description_language", self._languages),
            ("identifier_code", self._identifiers),
            ("field_names", [one.encode() for one in self._fields]),
        ):
            np.save(self._folder / f"{name}.npy", np.array(texts, dtype=bytes) if texts else np.empty(0, dtype="S1"))
        self._terms.save(self._folder, "term")
        self._concrete.save(self._folder, "concrete", ordinals_of)
        self._cells.save(self._folder, "cells", ordinals_of)

    def close(self) -> None:
        """Forget what was collected."""
        self._columns = {}
        self._terms = TextPoolBuilder()


ATTRIBUTES = Part("attributes", "2", AttributesBuilder)


@dataclass(frozen=True, slots=True)
class Attributes:
    """See the module; shape (n_concepts,) where nothing else is said.

    Parameters
    ----------
    identifier_owner, identifier_scheme, identifier_code
        Shape (n_identifiers,): concept, scheme (a concept, -1 where unknown) and code of identifiers of other schemes.
    selected
        What constraints selected, by their text.
    """

    defined: NDArray[np.bool_]
    module: Ordinals
    effective_time: NDArray[np.int32]
    relationships: Relationships
    descriptions: Descriptions
    members: Members
    identifier_owner: Ordinals
    identifier_scheme: Ordinals
    identifier_code: NDArray[np.bytes_]
    selected: KeptMasks = field(default_factory=KeptMasks)


def open_attributes(folder: Path) -> Attributes | None:
    """Map the arrays into memory; None for a code system that has no such thing."""
    if not (folder / "defined.npy").exists():
        return None

    def column(name: str) -> NDArray[np.int32]:
        return open_array(folder / f"{name}.npy")

    def flags(name: str) -> NDArray[np.bool_]:
        return open_array(folder / f"{name}.npy").view(np.bool_)

    def values(name: str) -> Values:
        numbers = open_array(folder / f"{name}_numbers.npy")
        return Values(open_text_pool(folder, name), numbers, column(f"{name}_ordinals"))

    return Attributes(
        flags("defined"),
        column("module"),
        column("effective_time"),
        Relationships(
            column("relationship_source"),
            column("relationship_kind"),
            column("relationship_target"),
            column("relationship_value"),
            column("relationship_group"),
            column("group_owner"),
            values("concrete"),
        ),
        _descriptions(folder),
        Members(
            column("member_refset"),
            column("member_component"),
            flags("member_active"),
            column("member_module"),
            column("member_effective_time"),
            column("cell_member"),
            open_array(folder / "cell_field.npy"),
            column("cell_value"),
            tuple(name.decode() for name in open_array(folder / "field_names.npy").tolist()),
            values("cells"),
        ),
        column("identifier_owner"),
        column("identifier_scheme"),
        open_array(folder / "identifier_code.npy"),
    )


def _descriptions(folder: Path) -> Descriptions:
    arrays: dict[str, object] = {"texts": open_text_pool(folder, "term")}
    for item in fields(Descriptions):
        if item.name != "texts":
            name = item.name if item.name.startswith("place_") else f"description_{item.name}"
            arrays[item.name] = open_array(folder / f"{name}.npy")
    arrays["active"] = np.asarray(arrays["active"]).view(np.bool_)
    return Descriptions(**arrays)  # type: ignore[arg-type]
