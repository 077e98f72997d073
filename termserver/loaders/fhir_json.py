"""Read a FHIR CodeSystem in JSON. The file is parsed whole (bounded by the upload limit), concepts are streamed."""

from __future__ import annotations

from pathlib import Path

from termserver.errors import BadFile
from termserver.loaders.fhir_code_system import code_system_from_resource
from termserver.loaders.source import LoadedCodeSystem

_BOM = b"\xef\xbb\xbf"


def looks_like_fhir_json(path: Path) -> bool:
    """True where the file is one JSON object."""
    with path.open("rb") as file:
        return file.read(200).removeprefix(_BOM).lstrip()[:1] == b"{"


def read_fhir_json(path: Path, *, name: str | None = None) -> LoadedCodeSystem:
    """Read a CodeSystem resource, or a Bundle with one.

    Raises
    ------
    BadFile
        If the JSON is damaged (names line and column) or holds no CodeSystem with url and concepts.
    """
    import orjson

    from termserver.loaders.table_rows import sha256_of_file

    name = name or path.name
    try:
        resource = orjson.loads(path.read_bytes().removeprefix(_BOM))
    except orjson.JSONDecodeError as error:
        raise BadFile(
            f"the JSON is damaged: {error.msg} (character {error.colno})", file=name, line=error.lineno
        ) from None
    if not isinstance(resource, dict):
        raise BadFile("the file holds no FHIR resource; a CodeSystem is needed here", file=name)
    return code_system_from_resource(resource, name=name, fallback_version=sha256_of_file(path)[:12])
