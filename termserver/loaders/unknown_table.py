"""Read a table that nobody described as a code system, by the names of its columns."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from termserver.errors import BadFile
from termserver.loaders.code_table import open_rows, read_code_table
from termserver.loaders.column_roles import guess_roles, language_of_column
from termserver.loaders.language_guess import guess_language
from termserver.loaders.recipe import CODE_SYSTEM, Columns, Recipe, RecipeFile
from termserver.loaders.source import LoadedCodeSystem
from termserver.loaders.table_rows import sha256_of_file, slug

_PARENT_COLUMNS = {
    "parent", "parentid", "parent_code", "vanem_kood", "vanemkood", "överordnad", "overordnet", "yläkoodi", "isäkoodi",
}  # fmt: skip
_SNIFFED_ROWS = 300


def read_unknown_table(path: Path, chosen: str, *, name: str) -> LoadedCodeSystem:
    """A table nobody described: the columns' roles are guessed, further columns become properties."""
    file = RecipeFile(path=str(path), format=chosen)
    if chosen == "fixed-width":
        raise BadFile("a file of fixed width needs a recipe that says the widths", file=name)
    columns, rows, _ = open_rows(file, path)
    sample = [(row.cells + ("",) * len(columns))[: len(columns)] for row in islice(rows, _SNIFFED_ROWS)]
    roles = guess_roles(columns, sample)
    code = next((column for column, role in roles.items() if role == "code"), None)
    term = next((column for column, role in roles.items() if role == "term"), None)
    if code is None or term is None:
        raise BadFile(
            f"no column was recognised as {'the code' if code is None else 'the term'};"
            f" write a recipe (code_systems/<name>/source.toml). The columns are: {', '.join(columns)}",
            file=name,
        )
    texts = [row[columns.index(term)] for row in sample]
    recipe = Recipe(
        name=slug(name),
        title=Path(name).stem,
        kind=CODE_SYSTEM,
        url=f"https://termserver.example/CodeSystem/{slug(name)}",
        version=sha256_of_file(path)[:12],
        folder=path.parent,
        files=(file,),
        language=language_of_column(term) or guess_language(texts),
        columns=Columns(
            code=(code,),
            term=term,
            parent=next((column for column in columns if column.casefold() in _PARENT_COLUMNS), None),
            designations=tuple(
                (column, role.removeprefix("term:") or None)
                for column, role in roles.items()
                if role.startswith("term:")
            ),
            properties=tuple(
                (column, column)
                for column, role in roles.items()
                if role in {"context", "frequency", "language"} and column.casefold() not in _PARENT_COLUMNS
            ),
        ),
    )
    return read_code_table(recipe, [(file, path)])
