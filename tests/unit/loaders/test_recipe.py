from pathlib import Path

import pytest

from termserver.errors import BadFile, NotFound
from termserver.loaders.recipe import find_recipe, list_recipes, recipe_from_file

MINIMAL = 'name = "x"\ntitle = "X"\nkind = "code-system"\nurl = "https://example.org/x"\nversion = "1"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "source.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_all_recipes_are_valid_and_named_like_their_folders() -> None:
    recipes = list_recipes()
    assert len(recipes) > 50
    for recipe in recipes:
        assert recipe.name == recipe.folder.name
        assert recipe.licence, recipe.name
        assert recipe.copyright, recipe.name
        assert recipe.language, recipe.name


def test_no_two_recipes_claim_the_same_version_or_alias() -> None:
    recipes = list_recipes()
    versions = [(recipe.url, recipe.version) for recipe in recipes]
    assert len(set(versions)) == len(versions)
    owners: dict[str, str] = {}
    for recipe in recipes:
        for alias in recipe.aliases:
            assert owners.setdefault(alias, recipe.url) == recipe.url


def test_unknown_recipe_lists_near_names() -> None:
    with pytest.raises(NotFound, match="no recipe and no file 'icd10-who'; near: icd-10-who"):
        find_recipe("icd10-who")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "not valid TOML"),
        (MINIMAL + 'colour = "red"\n', "unknown keys: colour; known: "),
        (MINIMAL.replace('version = "1"\n', ""), "the key 'version' is missing"),
        (MINIMAL.replace("code-system", "book"), "kind is 'book'"),
        (MINIMAL + "language = 5\n", "wrong type"),
        (MINIMAL + '[columns]\nterm = "t"\n', "columns.code and columns.term are needed"),
        (MINIMAL + "widths = 7\n", "wrong type"),
    ],
)
def test_mistakes_in_a_recipe_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadFile, match=message):
        recipe_from_file(write(tmp_path, text))


def test_files_take_what_they_do_not_say_from_the_recipe(tmp_path: Path) -> None:
    text = MINIMAL + 'delimiter = ";"\n[columns]\ncode = "a"\nterm = "b"\n'
    text += '[[files]]\nfile = "1.csv"\n[[files]]\nfile = "2.csv"\nwhere = {k = "v"}\n'
    first, second = recipe_from_file(write(tmp_path, text)).files
    assert (first.path, second.path, first.delimiter, second.delimiter) == ("1.csv", "2.csv", ";", ";")
    assert second.where == {"k": ("v",)}
    assert first.columns is not None
