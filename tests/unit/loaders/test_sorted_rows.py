from hypothesis import given, settings
from hypothesis import strategies as st

from termserver.loaders.sorted_rows import Groups, SortedRows

KEY = st.text("abc", min_size=1, max_size=2)


@settings(deadline=None)
@given(st.lists(st.tuples(KEY, st.text("xyz", max_size=3))), st.integers(1, 5))
def test_groups_are_those_of_a_sorted_list(rows: list[tuple[str, str]], rows_in_memory: int) -> None:
    with SortedRows(rows_in_memory=rows_in_memory) as sorter:
        for row in rows:
            sorter.add(row)
        groups = list(sorter.groups())
    assert [key for key, _ in groups] == sorted({key for key, _ in rows})
    for key, group in groups:
        assert group == [row for row in rows if row[0] == key]


def test_tabs_and_line_breaks_survive_spilling_as_spaces() -> None:
    with SortedRows(rows_in_memory=1) as sorter:
        sorter.add(("a", "x\ty\nz"))
        assert list(sorter.groups()) == [("a", [("a", "x y z")])]


def test_rows_nobody_asked_for_are_counted() -> None:
    sorter = SortedRows()
    for key in "abbc":
        sorter.add((key,))
    groups = Groups(sorter)
    assert groups.of("c") == [("c",)]
    assert groups.skipped == 3
