"""A ConceptMap too large for memory: read element by element into a file of rows, from which the store takes them.

Everything is read and checked before anything is written, so that a fault in the last element leaves nothing behind,
and the database is locked for the writing alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

from termserver.curation.resources import ConceptMapBody
from termserver.fhir.concept_map_stream import read_concept_map_stream
from termserver.fhir.elements import Json
from termserver.fhir.media_types import Representation
from termserver.store.element_rows import RowFile

_CHUNK = 1 << 20


@contextmanager
def staged_map(body: IO[bytes], representation: Representation) -> Iterator[tuple[ConceptMapBody, str | None]]:
    """The map in a body, and the id that the body says; its rows are there while the block lasts.

    Raises
    ------
    BadInput
        Naming the element at fault.
    """
    said_id: list[str | None] = [None]

    def strip(head: Json) -> Json:
        said_id[0] = head.get("id")
        return without_server_meta(head)

    def chunks() -> Iterable[bytes]:
        body.seek(0)
        return iter(lambda: body.read(_CHUNK), b"")

    with RowFile() as rows:
        header = read_concept_map_stream(chunks, representation, rows, strip=strip)
        yield ConceptMapBody(header, rows), said_id[0]


def without_server_meta(resource: Json) -> Json:
    """The resource without what the server itself says of it: id, versionId, lastUpdated."""
    kept = {name: value for name, value in resource.items() if name != "id"}
    meta = kept.get("meta")
    if isinstance(meta, dict):
        given = {name: value for name, value in meta.items() if name not in ("versionId", "lastUpdated")}
        kept = {name: value for name, value in kept.items() if name != "meta"} | ({"meta": given} if given else {})
    return kept
