"""Elements of a map that is too large for memory: rows in a file, a JSON line each, read again and again."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import orjson

from termserver.errors import BadInput
from termserver.fhir.primitives import plain_json
from termserver.model.concept_map import MapElement
from termserver.store.concept_maps import ElementRow

_CHUNK = 1 << 20
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class RowFile:
    """A file in the temporary folder that nobody else sees; closed, it is gone.

    >>> with RowFile() as rows:
    ...     rows.add(0, MapElement("A"))
    ...     [(group, code) for group, code, _ in rows]
    [(0, 'A')]
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=_CHUNK)  # noqa: SIM115
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back; there are no rows any more."""
        self._file.close()

    def add(self, group_index: int, element: MapElement) -> None:
        """Take an element of a group.

        Raises
        ------
        BadInput
            If it holds a character that cannot be stored.
        """
        try:
            body = orjson.dumps(element, default=plain_json)
        except TypeError:
            raise BadInput(f"The element '{element.code[:40]!r}' holds a character that is none") from None
        if b"\\u0000" in body and _NUL.search(body):
            raise BadInput(
                f"The element '{element.code[:40]!r}' holds the character \\u0000, which FHIR has no use for"
            )
        self._file.write(orjson.dumps((group_index, element.code, body.decode())) + b"\n")
        self.count += 1

    def clear(self) -> None:
        """Begin anew."""
        self._file.seek(0)
        self._file.truncate()
        self.count = 0

    def __iter__(self) -> Iterator[ElementRow]:
        self._file.flush()
        self._file.seek(0)
        for line in self._file:
            group_index, code, body = orjson.loads(line)
            yield group_index, code, body
