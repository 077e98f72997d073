"""Reference sets of an RF2 release: every kind, their own columns by name; and identifiers of other schemes."""

from __future__ import annotations

from collections.abc import Sequence

from termserver.loaders.release_files import ReleaseFile
from termserver.loaders.rf2_rows import columns_of, read_rows
from termserver.loaders.sorted_rows import SortedRows
from termserver.loaders.source import LoadedCodeSystem
from termserver.model.code_system import RefsetMember

_COMMON_COLUMNS = 6
# Language: rows refer to descriptions, and go with them. OWL axioms repeat the inferred relationships. The others
# describe the release itself.
_NOT_READ = ("_language", "_owlexpression", "_refsetdescriptor", "_descriptiontype", "_descriptionformat")
_CONCEPT_PARTITIONS = ("00", "10")


def is_reference_set(kind: str) -> bool:
    """True for a kind of file (`crefset_association`) that is read as a reference set.

    >>> is_reference_set("iisssccrefset_extendedmap"), is_reference_set("crefset_language")
    (True, False)
    """
    return "refset_" in kind and not any(part in kind for part in _NOT_READ)


def collect_members(files: Sequence[ReleaseFile], members: SortedRows, loaded: LoadedCodeSystem) -> None:
    """Rows (concept, reference set, module, time, active, column, text, column, text…) of those that refer to concepts."""
    for file in files:
        columns = columns_of(file)[_COMMON_COLUMNS:]
        for _, row in read_rows(file, _COMMON_COLUMNS, loaded):
            component = row[5]
            if component[-3:-1] not in _CONCEPT_PARTITIONS:
                continue
            cells = [text for pair in zip(columns, row[_COMMON_COLUMNS:], strict=False) for text in pair]
            members.add((component, row[4], row[3], row[1], row[2], *cells))


def member_from_row(fields: Sequence[str]) -> RefsetMember:
    """A member from what `collect_members` wrote."""
    _, refset, module, time, active, *cells = fields
    return RefsetMember(refset, module, time, active == "1", tuple(zip(cells[::2], cells[1::2], strict=True)))


def collect_identifiers(files: Sequence[ReleaseFile], links: SortedRows, loaded: LoadedCodeSystem) -> None:
    """Active identifiers of other schemes, as links (concept, `identifier`, scheme, identifier, empty)."""
    for file in files:
        for _, row in read_rows(file, 6, loaded, first="alternateIdentifier"):
            if row[2] == "1":
                links.add((row[5], "identifier", row[4], row[0], ""))
