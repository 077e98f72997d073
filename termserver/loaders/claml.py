"""A classification in ClaML 2 or 3 (EN 14463, ISO 13120): ICD-10-GM, ICD-10 of the WHO, OPS, ICF and their like.

The file is read twice: once for the head, the modifiers and who stands above whom, once for the classes, one at a time.
Memory: the codes and the modifiers, not the texts. Entities are refused; a DOCTYPE without entities, as every ClaML file
has, is read past.

What becomes what: a class is a concept, its `preferred` rubric the display, `definition` the definition, inclusion
terms and other names are designations whose use is the rubric's kind; exclusions, notes and hints are properties by
their kind. `usage` (dagger, asterisk) is a property, and so is the code that a title refers to in brackets. A modifier
makes the codes that it stands for: E10 with `.0` is E10.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from termserver.errors import BadFile
from termserver.loaders.source import LoadedCodeSystem
from termserver.loaders.table_rows import slug
from termserver.model.code_system import CodeSystem, Concept, ConceptProperty, PropertyDefinition
from termserver.model.coding import Coding, Designation
from termserver.model.source_list import RowProblem

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

RUBRIC_KIND = "https://termserver.example/CodeSystem/claml-rubric-kind"
"""System of a designation's use: the rubric's kind is its code."""
_NAMES = frozenset(["preferred", "preferredLong", "shortTitle", "inclusion", "synonym", "abbreviation", "coding-index"])
_TITLES = frozenset(["preferred", "preferredLong"])
_ABSTRACT = frozenset(["chapter", "block"])
_OID = re.compile(r"[0-2](\.\d+)+")
_MOST_DERIVED = 5_000
_DEEPEST = 100
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(slots=True)
class _Modifier:
    """A list of endings: modifier class code → its classes."""

    endings: dict[str, _Ending] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Ending:
    """One ending that a modifier adds.

    Parameters
    ----------
    excluded_after
        Pairs (modifier, ending) that it may not follow.
    """

    code: str
    title: str
    rubrics: tuple[_Rubric, ...]
    excluded_after: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Rubric:
    kind: str
    text: str
    language: str | None
    references: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Modified:
    """What modifies a class: (modifier, endings that are valid; empty: all) in order, and what it does not inherit."""

    by: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    excluded: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Outline:
    """What the first reading finds."""

    title: str = ""
    name: str = ""
    version: str = ""
    date: str = ""
    language: str | None = None
    oid: str = ""
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    with_children: set[str] = field(default_factory=set)
    modified: dict[str, _Modified] = field(default_factory=dict)
    modifiers: dict[str, _Modifier] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)


def looks_like_claml(path: Path) -> bool:
    """True where the root element is `ClaML`."""
    with path.open("rb") as file:
        start = file.read(4_000).replace(b"\x00", b"")
    return re.search(rb"<(?:[A-Za-z_][\w.-]*:)?ClaML[\s>]", start) is not None


def read_claml(path: Path, *, name: str | None = None) -> LoadedCodeSystem:
    """Read a classification; its classes stream.

    Raises
    ------
    BadFile
        If the XML is damaged (names the line) or declares entities, or there is no class.
    """
    name = name or path.name
    outline = _outline(path, name)
    if not outline.parents:
        raise BadFile("the file holds no class", file=name)
    short = outline.name or Path(name).stem
    header = CodeSystem(
        url=f"urn:oid:{outline.oid}" if outline.oid else f"https://termserver.example/CodeSystem/{slug(short)}",
        version=outline.version or "1",
        name=re.sub(r"\W+", "_", short),
        title=outline.title or short,
        language=outline.language,
        hierarchy_meaning="classified-with",
        date=outline.date or None,
        properties=tuple(PropertyDefinition(code, kind) for code, kind in sorted(outline.properties.items())),
    )
    loaded = LoadedCodeSystem(header=header, concepts=iter(()), file_name=name, expected=len(outline.parents))
    loaded.concepts = _concepts(path, name, outline, loaded)
    return loaded


# ------------------------------------------------------------------ reading


def _elements(path: Path, name: str, wanted: frozenset[str]) -> Iterator[tuple[str, Element]]:
    """(local name, element) of each wanted element below the root, whole; each is forgotten when the next is asked for."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    above: list[Element] = []
    try:
        with path.open("rb") as file:
            for event, element in iterparse(file, events=("start", "end"), forbid_entities=True):
                if event == "start":
                    above.append(element)
                    if len(above) > _DEEPEST:
                        raise BadFile(f"the XML nests deeper than {_DEEPEST} levels", file=name)
                    continue
                above.pop()
                if len(above) != 1:
                    continue
                local = _local(element)
                if local in wanted:
                    yield local, element
                above[0].clear()
    except DefusedXmlException:
        raise BadFile("the XML declares entities, which are refused; remove them from the DOCTYPE", file=name) from None
    except ParseError as error:
        line, column = error.position
        what = str(error.msg).split(":")[0]
        raise BadFile(f"the XML is damaged: {what} (character {column})", file=name, line=line) from None
    except (LookupError, ValueError) as error:
        raise BadFile(f"the XML cannot be decoded: {error}", file=name) from None


_HEAD = frozenset(["Title", "Identifier", "Meta", "Modifier", "ModifierClass", "Class"])


def _outline(path: Path, name: str) -> _Outline:
    found = _Outline()
    for local, element in _elements(path, name, _HEAD):
        if local == "Title":
            found.title = _text(element, with_references=True)
            found.name = element.get("name", "")
            found.version = element.get("version", "")
            found.date = element.get("date", "")
        elif local == "Identifier" and not found.oid:
            number = element.get("uid", "").removeprefix("urn:oid:")
            found.oid = number if _OID.fullmatch(number) else ""
        elif local == "Meta" and element.get("name", "").casefold() in ("lang", "language"):
            found.language = element.get("value")
        elif local == "ModifierClass":
            ending = _ending(element)
            found.modifiers.setdefault(element.get("modifier", ""), _Modifier()).endings[ending.code] = ending
            _note_properties(found, ending.rubrics)
        elif local == "Class":
            _note_class(found, element)
    return found


def _note_class(found: _Outline, element: Element) -> None:
    code = element.get("code", "").strip()
    parents = tuple(item.get("code", "") for item in _children(element, "SuperClass"))
    found.parents.setdefault(code, parents)
    found.with_children.update(parents)
    modified = _Modified(
        [
            (item.get("code", ""), tuple(valid.get("code", "") for valid in _children(item, "ValidModifierClass")))
            for item in _children(element, "ModifiedBy")
        ],
        {item.get("code", "") for item in _children(element, "ExcludeModifier")},
    )
    if modified.by or modified.excluded:
        found.modified[code] = modified
    rubrics = _rubrics(element)
    _note_properties(found, rubrics)
    for rubric in rubrics:
        found.language = found.language or rubric.language
    found.properties["kind"] = "code"
    if element.get("usage"):
        found.properties["usage"] = "code"
    for meta in _children(element, "Meta"):
        found.properties[meta.get("name", "meta")] = "string"


def _note_properties(found: _Outline, rubrics: Iterable[_Rubric]) -> None:
    for rubric in rubrics:
        if rubric.kind not in _NAMES and rubric.kind != "definition":
            found.properties[rubric.kind] = "string"
        for usage, _ in rubric.references if rubric.kind in _NAMES else ():
            found.properties[usage] = "code"


def _ending(element: Element) -> _Ending:
    rubrics = _rubrics(element)
    excluded = frozenset(
        (modifier, code)
        for meta in _children(element, "Meta")
        if meta.get("name") == "excludeOnPrecedingModifier"
        for modifier, _, code in [meta.get("value", "").strip().partition(" ")]
    )
    title = next((rubric.text for rubric in rubrics if rubric.kind == "preferred"), "")
    return _Ending(element.get("code", "").strip(), title, rubrics, excluded)


def _rubrics(element: Element) -> tuple[_Rubric, ...]:
    """Each label of each rubric; its text without the references that stand in brackets, and these apart."""
    found = []
    for rubric in _children(element, "Rubric"):
        kind = rubric.get("kind", "note")
        for label in _children(rubric, "Label"):
            references = tuple(
                (item.get("usage", ""), item.get("code") or "".join(item.itertext()).strip())
                for item in label.iter()
                if _local(item) == "Reference" and item.get("usage")
            )
            text = _text(label, with_references=kind not in _NAMES)
            if text:
                found.append(_Rubric(kind, text, label.get(_LANGUAGE), references))
    return tuple(found)


def _children(element: Element, local: str) -> Iterator[Element]:
    return (item for item in element if _local(item) == local)


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _text(element: Element, *, with_references: bool) -> str:
    """The text of a label in one line; what stands in brackets refers elsewhere, and is left out if so asked."""

    def pieces(item: Element) -> Iterator[str]:
        local = _local(item)
        if local == "Reference" and not with_references and item.get("class", "").startswith("in brackets"):
            yield " "
        else:
            yield item.text or ""
            for child in item:
                yield from pieces(child)
                yield child.tail or ""
            if local in ("Para", "Fragment", "ListItem", "Term"):
                yield " "

    return " ".join("".join(pieces(element)).split())


# ------------------------------------------------------------------ concepts


def _concepts(path: Path, name: str, outline: _Outline, loaded: LoadedCodeSystem) -> Iterator[Concept]:
    seen: set[str] = set()
    for _, element in _elements(path, name, frozenset(["Class"])):
        loaded.counts.rows += 1
        code = element.get("code", "").strip()
        rubrics = _rubrics(element)
        title = _title(rubrics)
        if not code or title is None or code in seen:
            rule = "duplicate-code" if code in seen else "empty-term" if code else "empty-code"
            loaded.counts.refused += 1
            what = "the code stands there twice" if code in seen else "a class without code or preferred rubric"
            loaded.problems.append(RowProblem(None, "Class", code or None, "error", rule, what))
            continue
        seen.add(code)
        concept = _concept(element, code, title, rubrics, outline)
        yield concept
        if code not in outline.with_children:
            for derived in _derived(concept, outline):
                if derived.code not in outline.parents and derived.code not in seen:
                    seen.add(derived.code)
                    loaded.counts.rows += 1
                    yield derived


def _title(rubrics: Iterable[_Rubric]) -> _Rubric | None:
    return next((rubric for rubric in rubrics if rubric.kind == "preferred"), None)


def _concept(element: Element, code: str, title: _Rubric, rubrics: tuple[_Rubric, ...], outline: _Outline) -> Concept:
    kind = element.get("kind", "category")
    properties = [ConceptProperty("kind", kind, "code")]
    if usage := element.get("usage"):
        properties.append(ConceptProperty("usage", usage, "code"))
    properties += [
        ConceptProperty(meta.get("name", "meta"), meta.get("value", ""))
        for meta in _children(element, "Meta")
        if meta.get("value")
    ]
    definition = next((rubric.text for rubric in rubrics if rubric.kind == "definition"), None)
    return Concept(
        code,
        title.text,
        _designations(rubrics, title),
        (*properties, *_rubric_properties(rubrics, definition)),
        outline.parents.get(code, ()),
        abstract=kind in _ABSTRACT,
        definition=definition,
    )


def _designations(rubrics: Iterable[_Rubric], title: _Rubric) -> tuple[Designation, ...]:
    return tuple(
        Designation(rubric.text, rubric.language, Coding(RUBRIC_KIND, rubric.kind))
        for rubric in rubrics
        if rubric.kind in _NAMES and rubric is not title
    )


def _rubric_properties(rubrics: Iterable[_Rubric], definition: str | None) -> Iterator[ConceptProperty]:
    for rubric in rubrics:
        if rubric.kind in _NAMES:
            for usage, code in rubric.references:
                yield ConceptProperty(usage, code, "code")
        elif rubric.kind != "definition" or rubric.text != definition:
            yield ConceptProperty(rubric.kind, rubric.text)


# ------------------------------------------------------------------ modifiers


def _derived(concept: Concept, outline: _Outline) -> Iterator[Concept]:
    """The codes that modifiers make of a class without subclasses, its own modifiers and those of the classes above."""
    level: list[tuple[Concept, tuple[tuple[str, str], ...]]] = [(concept, ())]
    made = 0
    for modifier, valid in _modifiers_of(concept.code, outline.parents, outline.modified):
        endings = outline.modifiers.get(modifier, _Modifier()).endings
        following = []
        for base, used in level:
            for ending in endings.values():
                if (valid and ending.code not in valid) or ending.excluded_after & set(used):
                    continue
                derived = _with_ending(base, ending)
                following.append((derived, (*used, (modifier, ending.code))))
                yield derived
                made += 1
                if made >= _MOST_DERIVED:
                    return
        level = following or level


def _modifiers_of(
    code: str, parents: Mapping[str, tuple[str, ...]], modified: Mapping[str, _Modified]
) -> list[tuple[str, tuple[str, ...]]]:
    """A class's own modifiers; else those of the nearest class above that has any, but for what is excluded on the way."""
    excluded: set[str] = set()
    passed: set[str] = set()
    while code and code not in passed:
        passed.add(code)
        here = modified.get(code)
        if here is not None:
            excluded |= here.excluded
            if here.by:
                return [item for item in here.by if item[0] not in excluded]
        code = next(iter(parents.get(code, ())), "")
    return []


def _with_ending(base: Concept, ending: _Ending) -> Concept:
    kept = tuple(item for item in base.properties if item.code in ("kind", "usage"))
    title = f"{base.display}: {ending.title}" if ending.title else base.display
    names = tuple(rubric for rubric in ending.rubrics if rubric.kind not in _TITLES)
    return Concept(
        base.code + ending.code,
        title,
        tuple(
            Designation(rubric.text, rubric.language, Coding(RUBRIC_KIND, rubric.kind))
            for rubric in names
            if rubric.kind in _NAMES
        ),
        (*kept, *_rubric_properties(ending.rubrics, None)),
        (base.code,),
    )
