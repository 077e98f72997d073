"""Recipes: `code_systems/<name>/source.toml` says what a publisher's files mean, so that one word loads them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from termserver.errors import BadFile, NotFound
from termserver.model.code_system import CodeSystem, PropertyDefinition
from termserver.model.source_list import SourceList

SOURCE_LIST, CODE_SYSTEM = "source-list", "code-system"
_KEYS = {
    "name", "title", "kind", "url", "aliases", "version", "content", "supplements", "language", "licence", "licence_url",
    "copyright", "publisher", "country", "description", "file", "files", "format", "delimiter", "encoding", "sheet", "widths",
    "header_line", "target_systems", "columns", "hierarchy", "hierarchy_meaning", "code_form", "repeated_codes",
    "designations_for", "case_sensitive", "where", "code_prefix", "parent_prefix", "synonym_separator", "experimental",
    "active_values", "inactive_values", "date",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a file mean; names as in the file's header, `column 1`… where it has none.

    Parameters
    ----------
    code
        One column, or several whose values are joined with `/`.
    designations
        Pairs (column, language): further names.
    properties
        Pairs (column, property code).
    status
        Column whose value says whether the concept is active (see `active_values`, `inactive_values`).
    """

    code: tuple[str, ...]
    term: str
    parent: str | None = None
    status: str | None = None
    definition: str | None = None
    language: str | None = None
    frequency: str | None = None
    synonyms: str | None = None
    designations: tuple[tuple[str, str | None], ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    context: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecipeFile:
    """One file of a recipe and how to read it.

    Parameters
    ----------
    path
        Relative to the data folder, or to the recipe's own folder for our samples.
    where
        Column → values; other rows belong to another file entry and are not counted.
    code_prefix
        Put before each code of this file; `parent_prefix` before the codes of parents found by `hierarchy`.
    """

    path: str
    format: str = "delimited"
    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    header_line: int | None = None
    widths: tuple[int, ...] = ()
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    code_prefix: str = ""
    parent_prefix: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    columns: Columns | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe, checked.

    Parameters
    ----------
    kind
        `code-system` or `source-list`.
    hierarchy
        `icd-10` (A00.0 in A00 in A00-A09), `prefix` (the longest shorter code that begins it) or None; a parent column wins.
    code_form
        `icd-10`: a dot goes behind the third character (A000 → A00.0).
    repeated_codes
        `refuse`, or `synonyms`: further rows of a code add names.
    designations_for
        Canonical of a system whose equal codes these titles also name (see `read_recipe(as_supplement=True)`).
    """

    name: str
    title: str
    kind: str
    url: str
    version: str
    folder: Path
    files: tuple[RecipeFile, ...]
    columns: Columns | None
    aliases: tuple[str, ...] = ()
    content: str = "complete"
    supplements: str | None = None
    language: str | None = None
    licence: str | None = None
    copyright: str | None = None
    publisher: str | None = None
    country: str | None = None
    description: str | None = None
    date: str | None = None
    target_systems: tuple[str, ...] = ()
    hierarchy: str | None = None
    hierarchy_meaning: str | None = None
    code_form: str | None = None
    repeated_codes: str = "refuse"
    designations_for: str | None = None
    case_sensitive: bool = True
    synonym_separator: str = "|"
    active_values: tuple[str, ...] = ()
    inactive_values: tuple[str, ...] = ()

    @property
    def format(self) -> str:
        """Format of the first file."""
        return self.files[0].format

    def code_system(self) -> CodeSystem:
        """The header of the code system that this recipe makes."""
        return CodeSystem(
            url=self.url,
            version=self.version,
            name=self.name.replace("-", "_"),
            title=self.title,
            language=self.language,
            content=self.content,
            supplements=self.supplements,
            case_sensitive=self.case_sensitive,
            hierarchy_meaning=self.hierarchy_meaning
            or ("is-a" if self.hierarchy or self._has_parent_column() else None),
            publisher=self.publisher,
            copyright=self.copyright,
            licence=self.licence,
            description=self.description,
            date=self.date,
            properties=tuple(PropertyDefinition(code) for code in self._property_codes()),
            aliases=self.aliases,
        )

    def source_list(self) -> SourceList:
        """The header of the source list that this recipe makes."""
        return SourceList(
            name=self.name,
            title=self.title,
            url=self.url,
            version=self.version,
            language=self.language,
            target_systems=self.target_systems,
            file_name=Path(self.files[0].path).name,
            licence=self.licence,
            copyright=self.copyright,
            country=self.country,
        )

    def _property_codes(self) -> list[str]:
        codes: dict[str, None] = {}
        for file in self.files:
            codes.update(dict.fromkeys(file.properties))
            codes.update(dict.fromkeys(code for _, code in (file.columns or self.columns or _NO_COLUMNS).properties))
        return list(codes)

    def _has_parent_column(self) -> bool:
        return any((file.columns or self.columns or _NO_COLUMNS).parent for file in self.files)


_NO_COLUMNS = Columns(code=(), term="")


def recipes_folder() -> Path:
    """Folder of the recipes: of the source checkout, else of the installed package."""
    package = Path(__file__).resolve().parent.parent
    checkout = package.parent / "code_systems"
    return (
        checkout
        if checkout.is_dir() and (package.parent / "pyproject.toml").exists()
        else package / "_content" / "code_systems"
    )


def list_recipes(folder: Path | None = None) -> list[Recipe]:
    """All recipes, by name.

    Raises
    ------
    BadFile
        If one is not valid.
    """
    return [recipe_from_file(path) for path in sorted((folder or recipes_folder()).glob("*/source.toml"))]


def find_recipe(name: str, folder: Path | None = None) -> Recipe:
    """The recipe of a name.

    Raises
    ------
    NotFound
        If there is none; the message lists the nearest names.
    """
    path = (folder or recipes_folder()) / name / "source.toml"
    if "/" not in name and path.is_file():
        return recipe_from_file(path)
    names = [path.parent.name for path in sorted((folder or recipes_folder()).glob("*/source.toml"))]
    near = get_close_matches(name, names, n=5, cutoff=0.4) or [one for one in names if one.startswith(name[:3])][:5]
    hint = f"near: {', '.join(near)}; " if near else ""
    raise NotFound(
        f"There is no recipe and no file '{name}'; {hint}'termserver load --list' shows all {len(names)} recipes."
    )


def recipe_from_file(path: Path) -> Recipe:
    """Read and check a `source.toml`.

    Raises
    ------
    BadFile
        If it is no TOML, a key is unknown or missing, or a value has the wrong type.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadFile(f"not valid TOML: {error}", file=str(path)) from None
    unknown = sorted(set(data) - _KEYS)
    if unknown:
        raise BadFile(f"unknown keys: {', '.join(unknown)}; known: {', '.join(sorted(_KEYS))}", file=str(path))
    for key in ("name", "title", "kind", "url", "version"):
        if not isinstance(data.get(key), str):
            raise BadFile(f"the key '{key}' is missing or no text", file=str(path))
    if data["kind"] not in {SOURCE_LIST, CODE_SYSTEM}:
        raise BadFile(f"kind is '{data['kind']}'; it must be {SOURCE_LIST} or {CODE_SYSTEM}", file=str(path))
    try:
        return _recipe(data, path.parent)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise BadFile(f"a value has the wrong type or is missing: {error}", file=str(path)) from None


def _recipe(data: Mapping[str, object], folder: Path) -> Recipe:
    common = _file_entry(data, RecipeFile(path=""))
    entries = data.get("files")
    files = tuple(_file_entry(entry, common) for entry in entries) if isinstance(entries, list) else (common,)
    plain = {key: data[key] for key in _TEXT_KEYS if key in data}
    for key, value in plain.items():
        if not isinstance(value, str):
            raise TypeError(f"{key} is no text")
    lists = {key: _texts(data[key]) for key in _LIST_KEYS if key in data}
    return Recipe(
        folder=folder,
        files=files,
        columns=common.columns,
        case_sensitive=data.get("case_sensitive") is not False,
        **plain,  # type: ignore[arg-type]
        **lists,  # type: ignore[arg-type]
    )


_TEXT_KEYS = (
    "name", "title", "kind", "url", "version", "content", "supplements", "language", "licence", "copyright", "publisher",
    "country", "description", "date", "hierarchy", "hierarchy_meaning", "code_form", "repeated_codes", "designations_for",
    "synonym_separator",
)  # fmt: skip
_LIST_KEYS = ("aliases", "target_systems", "active_values", "inactive_values")


def _file_entry(entry: Mapping[str, object], common: RecipeFile) -> RecipeFile:
    """One entry of `[[files]]`; what it does not say it takes from the recipe itself."""
    changes: dict[str, object] = {
        key: entry[key]
        for key in ("format", "delimiter", "encoding", "sheet", "header_line", "code_prefix", "parent_prefix")
        if key in entry
    }
    if "file" in entry:
        changes["path"] = entry["file"]
    if "widths" in entry:
        changes["widths"] = tuple(int(str(width)) for width in _list(entry["widths"]))
    if "where" in entry:
        changes["where"] = {column: _texts(value) for column, value in _table(entry["where"]).items()}
    if "properties" in entry:
        changes["properties"] = {key: str(value) for key, value in _table(entry["properties"]).items()}
    if "columns" in entry:
        changes["columns"] = _columns(_table(entry["columns"]))
    return replace(common, **changes)  # type: ignore[arg-type]


def _columns(table: Mapping[str, object]) -> Columns:
    term = table.get("term", table.get("display"))
    if "code" not in table or not isinstance(term, str):
        raise ValueError("columns.code and columns.term are needed")
    properties = table.get("properties", ())
    return Columns(
        code=_texts(table["code"]),
        term=term,
        designations=tuple(_designation_columns(table)),
        properties=tuple((column, str(code)) for column, code in properties.items())
        if isinstance(properties, Mapping)
        else tuple((column, column) for column in _texts(properties)),
        context=_texts(table.get("context", ())),
        **{
            key: str(table[key])
            for key in ("parent", "status", "definition", "language", "frequency", "synonyms")
            if key in table
        },
    )


def _designation_columns(table: Mapping[str, object]) -> list[tuple[str, str | None]]:
    """`designations = {sv = ["name_sv", "short_sv"], la = "name_la"}`; the key `und` means: language unknown."""
    pairs: list[tuple[str, str | None]] = []
    for language, columns in _table(table.get("designations", {})).items():
        pairs.extend((column, None if language == "und" else language) for column in _texts(columns))
    return pairs


def _texts(value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(str(one) for one in _list(value))


def _list(value: object) -> list[object]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r} is no list")
    return list(value)


def _table(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{value!r} is no table")
    return value
