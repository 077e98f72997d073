import pytest

from termserver.loaders.code_hierarchy import IcdBlocks, parent_by_prefix, parent_in_icd_10

CODES = {"C00-C97", "C00-C75", "C15-C26", "A15-A19", "A18", "A18.4", "A18.4C", "C15", "C15.0", "C80", "B05", "B05.8"}


@pytest.mark.parametrize(
    ("code", "parent"),
    [
        ("A18.4C", "A18.4"),
        ("A18.4", "A18"),
        ("A18", "A15-A19"),
        ("C15", "C15-C26"),
        ("C15-C26", "C00-C75"),
        ("C00-C75", "C00-C97"),
        ("C80", "C00-C97"),
        ("C00-C97", None),
        ("B05.8+H19.2", "B05.8"),
        ("B05", None),
        ("A18.9X", "A18"),
    ],
)
def test_parent_in_icd_10(code: str, parent: str | None) -> None:
    assert parent_in_icd_10(code, CODES, IcdBlocks(CODES)) == parent


def test_headings_with_a_prefix_are_found_by_plain_codes() -> None:
    assert parent_by_prefix("AB123", {"AB", "X-AB"}, "X-") == "X-AB"
