import csv
import io

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from termserver.bulk.records import MOST_LINES_IN_A_RECORD, BrokenRecordError, Records


def all_records(text: str) -> tuple[list[tuple[int, list[str]]], list[int]]:
    records, sound, broken = Records(io.StringIO(text, newline=""), ","), [], []
    while True:
        try:
            sound.append(next(records))
        except StopIteration:
            return sound, broken
        except BrokenRecordError as error:
            broken.append(error.line)


def test_lines_of_records_are_counted_through_quoted_line_breaks() -> None:
    assert all_records('a,b\n"1\n2",x\ny,z\n') == ([(1, ["a", "b"]), (2, ["1\n2", "x"]), (4, ["y", "z"])], [])


def test_a_quote_that_is_never_closed_harms_one_record() -> None:
    rest = "".join(f"{n},x\n" for n in range(3 * MOST_LINES_IN_A_RECORD))
    sound, broken = all_records(f'a,b\n1,"open\n{rest}')
    assert broken == [2]
    assert len(sound) == 1 + 3 * MOST_LINES_IN_A_RECORD
    assert sound[1] == (3, ["0", "x"])


def test_a_quote_in_the_wrong_place_harms_one_record() -> None:
    sound, broken = all_records('a,b\n1,"x"y\n2,z\n')
    assert (broken, sound) == ([2], [(1, ["a", "b"]), (3, ["2", "z"])])


def test_an_open_quote_in_the_last_line_is_told() -> None:
    sound, broken = all_records('a,b\n1,"x')
    assert (broken, len(sound)) == ([2], 1)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.lists(st.text("ab,\"\n '", max_size=8), min_size=2, max_size=3), max_size=8))
def test_whatever_csv_writes_is_read_back(rows: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows(rows)
    sound, broken = all_records(file.getvalue())
    assert ([cells for _, cells in sound], broken) == (rows, [])
