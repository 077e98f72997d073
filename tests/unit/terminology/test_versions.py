"""Version resolution, as a table of cases."""

import pytest

from termserver.errors import BadInput
from termserver.terminology.languages import languages_from_header
from termserver.terminology.regex import Regex
from termserver.terminology.versions import choose, fits, forced_version, newest_first


@pytest.mark.parametrize(
    ("versions", "wanted", "chosen"),
    [
        (["1.0.0", "1.2.0", "2.0.0"], None, "2.0.0"),
        (["1.0.0", "1.2.0", "2.0.0"], "1.0.0", "1.0.0"),
        (["1.0.0", "1.2.0", "2.0.0"], "1.x.x", "1.2.0"),
        (["1.0.0", "1.2.0", "2.0.0"], "1.x", "1.2.0"),
        (["1.0.0", "1.2.0", "2.0.0"], "1.*", "1.2.0"),
        (["1.0.0", "1.2.0", "2.0.0"], "1", "1.2.0"),
        (["1.0.0", "1.2.0", "2.0.0"], "1.2", "1.2.0"),
        (["1.0.0", "1.2.0", "2.0.0"], "3", None),
        (["1.0.0", "1.2.0", "2.0.0"], "1.0.0.0", None),
        (["1.9", "1.10"], None, "1.10"),
        (["2024-09-01", "2025-01-15"], None, "2025-01-15"),
        (["1.0.0-beta", "1.0.0"], None, "1.0.0"),
        (["20240930", "20250201"], None, "20250201"),
        (
            ["http://snomed.info/sct/1/version/20240930", "http://snomed.info/sct/1/version/20250909"],
            None,
            "http://snomed.info/sct/1/version/20250909",
        ),
        ([], None, None),
    ],
)
def test_choice_of_a_version(versions: list[str], wanted: str | None, chosen: str | None) -> None:
    assert choose(versions, str, wanted) == chosen
    assert choose(list(reversed(versions)), str, wanted) == chosen


def test_a_partial_version_is_no_prefix_of_letters() -> None:
    assert not fits("1.20.0", "1.2")
    assert not fits("release-12", "release-1")


def test_newest_first() -> None:
    assert newest_first(["1", "10", "9"], str) == ["10", "9", "1"]


@pytest.mark.parametrize(
    ("asked", "defaults", "forced", "expected"),
    [
        (None, (), (), None),
        ("1", ("u|2",), (), "1"),
        (None, ("u|2",), (), "2"),
        ("1", ("u|2",), ("u|3",), "3"),
        (None, ("other|2",), (), None),
    ],
)
def test_system_version_and_force(
    asked: str | None, defaults: tuple[str, ...], forced: tuple[str, ...], expected: str | None
) -> None:
    assert forced_version("u", asked, defaults=defaults, forced=forced) == expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a|b", "b", True),
        ("^ab$", "ab", True),
        ("ab", "xaby", False),
        ("[^a-c]+", "xyz", True),
        ("[^a-c]+", "xaz", False),
        (r"\d{2,3}", "1234", False),
        (r"\d{2,}", "1234", True),
        (r"(\w\.){2}", "a.b.", True),
        ("a{0}b", "b", True),
        ("(ab)?c*", "", True),
        (r"[\]\-x]+", "]-x", True),
        (".*x.*", "aaxbb", True),
    ],
)
def test_regex(pattern: str, text: str, expected: bool) -> None:
    assert Regex(pattern).matches(text) is expected


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(a*)*b", "(.*)*x"])
def test_explosive_regex_takes_no_time(pattern: str) -> None:
    assert not Regex(pattern).matches("a" * 300 + "!")


@pytest.mark.parametrize(
    "pattern",
    ["(", "[a", "a{2", "*", "a{5,2}", "(?=a)", r"\1", "a^b", "x" * 2000, "((((((a{99}){99}){99}){99}){99}){99})"],
)
def test_regex_that_is_refused(pattern: str) -> None:
    with pytest.raises(BadInput):
        Regex(pattern)


@pytest.mark.parametrize(
    ("header", "tags", "only"),
    [
        ("sv", ("sv",), False),
        ("sv;q=0.1, nb", ("nb", "sv"), False),
        ("*;q=0, fi", ("fi",), True),
        ("", (), False),
        ("en;q=x, ;;", (), False),
        (None, (), False),
    ],
)
def test_languages(header: str | None, tags: tuple[str, ...], only: bool) -> None:
    found = languages_from_header(header)
    assert (found.tags, found.only) == (tags, only)
