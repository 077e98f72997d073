"""Version resolution, as a table of cases."""

import pytest

from termserver.errors import BadInput
from termserver.terminology.languages import languages_from_header
from termserver.terminology.regex import Regex
from termserver.terminology.versions import Origin, VersionRules, choose, fits, newest_first, version_key


@pytest.mark.parametrize(
    ("versions", "wanted", "chosen"),
    [
        (["1.0.0", "1.2.0", "2.0.0"], None, "2.0.0"),
        (["1.0.0", "1.2.0", "2.0.0"], "1.0.0", "1.0.0"),
        (["1.0.0", "1.2.0", "2.0.0"], "1.x.x", "1.2.0"),
        (["1.0.0", "1.2.0", "2.0.0"], "1.x", "1.2.0"),
        (["1.0.0", "1.2.0", "2.0.0"], "1.*", "1.2.0"),
        (["1.0.0", "1.2.0", "2.0.0"], "1.0.x", "1.0.0"),
        (["1.0.0", "1.2.0", "2.0.0"], "x.x.x", "2.0.0"),
        (["1.0.0", "1.2.0", "2.0.0"], "1.x.0", "1.2.0"),
        (["1.0.0", "1.2.0", "2.0.0"], "3.x", None),
        # HL7's tests: "1" is no version of 1.0.0
        (["1.0.0", "1.2.0", "2.0.0"], "1", None),
        (["1.0.0", "1.2.0", "2.0.0"], "1.2", None),
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
        (
            ["http://snomed.info/sct/1/version/20240930", "http://snomed.info/sct/2/version/20250909"],
            "http://snomed.info/sct/1",
            "http://snomed.info/sct/1/version/20240930",
        ),
        (["http://snomed.info/sct/11/version/20240930"], "http://snomed.info/sct/1", None),
        ([], None, None),
    ],
)
def test_choice_of_a_version(versions: list[str], wanted: str | None, chosen: str | None) -> None:
    assert choose(versions, str, wanted) == chosen
    assert choose(list(reversed(versions)), str, wanted) == chosen


@pytest.mark.parametrize(
    ("version", "wanted", "expected"),
    [
        ("1.2.0", "1.2.0", True),
        ("1.2.0", "", True),
        ("1.2.0", "1.2", False),
        ("1.2.0", "1", False),
        ("1.2.0", "1.x.x", True),
        ("1.2.0", "1.x", True),
        ("1.2.0", "1.*", True),
        ("1.2.0", "1.X.0", True),
        ("1.2.0", "x", True),
        ("1.2.0", "1.x.x.x", False),
        ("1.2.0", "2.x.x", False),
        ("1.20.0", "1.2.x", False),
        ("1.2.0-beta", "1.2.x", True),
        ("2024-09-01", "2024", False),
        ("release-12", "release-1", False),
        ("", "1.0.0", False),
        ("", "1.x", False),
        ("http://snomed.info/sct/1/version/20240930", "http://snomed.info/sct/1", True),
        ("http://snomed.info/sct/11/version/20240930", "http://snomed.info/sct/1", False),
    ],
)
def test_what_a_version_fits(version: str, wanted: str, expected: bool) -> None:
    assert fits(version, wanted) is expected


@pytest.mark.parametrize(
    ("algorithm", "ascending"),
    [
        (None, ["9.1-beta", "9.1", "10.0"]),
        ("natural", ["release 2", "release 10"]),
        ("alpha", ["10.0", "9.1"]),
        ("integer", ["9", "10"]),
        ("date", ["2023", "2024-01", "2024-01-31", "2024-02"]),
        ("semver", ["1.0.0-alpha", "1.0.0-beta", "1.0.0", "1.0.1"]),
    ],
)
def test_order_of_versions(algorithm: str | None, ascending: list[str]) -> None:
    shuffled = ascending[::-1]
    assert sorted(shuffled, key=lambda item: version_key(item, algorithm)) == ascending
    assert newest_first(ascending, str, lambda _: algorithm) == ascending[::-1]


def test_build_metadata_is_no_newer_version() -> None:
    assert version_key("1.0.0+20", "semver") == version_key("1.0.0+5", "semver")


def test_newest_first() -> None:
    assert newest_first(["1", "10", "9"], str) == ["10", "9", "1"]


@pytest.mark.parametrize(
    ("named", "forced", "checked", "default", "version", "origin"),
    [
        # the include names none
        (None, None, None, None, None, Origin.NEWEST),
        (None, None, None, "2", "2", Origin.DEFAULT),
        (None, None, "3.x", None, "3.x", Origin.CHECKED),
        (None, None, "3.x", "2", "3.x", Origin.CHECKED),
        (None, "4", None, None, "4", Origin.FORCED),
        (None, "4", None, "2", "4", Origin.FORCED),
        (None, "4", "3.x", None, "4", Origin.FORCED),
        (None, "4", "3.x", "2", "4", Origin.FORCED),
        # it names one: only force is stronger
        ("1", None, None, None, "1", Origin.INCLUDE),
        ("1", None, None, "2", "1", Origin.INCLUDE),
        ("1", None, "3.x", None, "1", Origin.INCLUDE),
        ("1", None, "3.x", "2", "1", Origin.INCLUDE),
        ("1", "4", None, None, "4", Origin.FORCED),
        ("1", "4", "3.x", "2", "4", Origin.FORCED),
        # it names a pattern: the same
        ("1.x", None, None, "2", "1.x", Origin.INCLUDE),
        ("1.x", None, "1.0.x", None, "1.x", Origin.INCLUDE),
        ("1.x", "1.0.x", None, None, "1.0.x", Origin.FORCED),
    ],
)
def test_who_says_the_version(
    named: str | None,
    forced: str | None,
    checked: str | None,
    default: str | None,
    version: str | None,
    origin: Origin,
) -> None:
    def canonicals(said: str | None) -> tuple[str, ...]:
        return ("other|9", f"u|{said}") if said else ("other|9",)

    rules = VersionRules(canonicals(default), canonicals(forced), canonicals(checked))
    wanted = rules.wanted("u", named)
    assert (wanted.version, wanted.origin) == (version, origin)


@pytest.mark.parametrize(
    ("version", "checked", "refused"),
    [
        ("1.0.0", "1.0.0", None),
        ("1.0.0", "1.0.x", None),
        ("1.2.0", "1.0.x", "1.0.x"),
        ("1.2.0", "1.0.0", "1.0.0"),
        ("", "1.0.0", "1.0.0"),
    ],
)
def test_what_check_system_version_refuses(version: str, checked: str, refused: str | None) -> None:
    rules = VersionRules(checked=(f"u|{checked}",))
    assert rules.refused_by("u", version) == refused
    assert rules.refused_by("other", version) is None


def test_version_of_a_value_set_that_is_imported_without_one() -> None:
    rules = VersionRules(value_sets=("http://a.b/v|2",))
    assert rules.value_set_version("http://a.b/v") == "2"
    assert rules.value_set_version("http://a.b/w") is None


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
        ("a{2", "a{2", True),
        ("a^b", "a^b", False),
        (r"\p{Lu}+", "ÅÄÖ", True),
    ],
)
def test_regex(pattern: str, text: str, expected: bool) -> None:
    assert Regex(pattern).matches(text) is expected


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(a*)*b", "(.*)*x"])
def test_explosive_regex_takes_no_time(pattern: str) -> None:
    assert not Regex(pattern).matches("a" * 300 + "!")


@pytest.mark.parametrize(
    "pattern",
    ["(", "[a", "*", "a{5,2}", "(?=a)", r"\1", "x" * 2000, "((((((a{99}){99}){99}){99}){99}){99})"],
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
