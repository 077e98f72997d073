"""Read a FHIR CodeSystem in XML, through the same reader as JSON; entities and DTDs are refused."""

from __future__ import annotations

from pathlib import Path

from termserver.errors import BadFile, BadInput
from termserver.fhir.versions import FhirVersion
from termserver.fhir.xml_reader import MalformedXml, read_xml
from termserver.loaders.fhir_code_system import code_system_from_resource
from termserver.loaders.source import LoadedCodeSystem


def looks_like_fhir_xml(path: Path) -> bool:
    """True where the file begins as XML does."""
    with path.open("rb") as file:
        start = file.read(400)
    if start[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        start = start[2:].replace(b"\x00", b"")
    return start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"


def read_fhir_xml(path: Path, *, name: str | None = None) -> LoadedCodeSystem:
    """Read a CodeSystem resource in XML.

    Raises
    ------
    BadFile
        If the XML is damaged (names the line), declares entities or a DTD, or holds no CodeSystem.
    """
    from termserver.loaders.table_rows import sha256_of_file

    name = name or path.name
    try:
        # A file does not say its version; R5 knows all that R4's code systems have
        resource = read_xml(path.read_bytes(), FhirVersion.R5, strict=False)
    except MalformedXml as error:
        raise BadFile(
            f"the XML is damaged: {error.what} (character {error.column})", file=name, line=error.line
        ) from None
    except BadInput as error:
        raise BadFile(error.message, file=name) from None
    return code_system_from_resource(resource, name=name, fallback_version=sha256_of_file(path)[:12])
