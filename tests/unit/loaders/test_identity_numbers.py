from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn

from termserver.loaders.identity_numbers import (
    is_estonian_or_lithuanian,
    is_finnish,
    is_norwegian,
    is_snomed_identifier,
    is_swedish,
)


@settings(deadline=None)
@given(st.dates(), st.integers(0, 999), st.booleans())
def test_swedish_numbers_with_their_check_digit_are_known(date, serial, is_coordination) -> None:
    short = f"{date:%y%m}{date.day + 60 * is_coordination:02d}{serial:03d}"
    digits = short + luhn.calc_check_digit(short)
    wrong = short + str((int(digits[-1]) + 1) % 10)
    assert is_swedish(digits)
    assert is_swedish("19" + digits)
    assert not is_swedish(wrong)


def with_norwegian_check_digits(start: str) -> str | None:
    first = -sum(weight * int(digit) for weight, digit in zip((3, 7, 6, 1, 8, 9, 4, 5, 2), start, strict=True)) % 11
    if first == 10:
        return None
    start += str(first)
    second = -sum(weight * int(digit) for weight, digit in zip((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), start, strict=True)) % 11
    return None if second == 10 else start + str(second)


@settings(deadline=None)
@given(st.dates(), st.integers(0, 999), st.sampled_from([(0, 0), (40, 0), (0, 40)]))
def test_norwegian_numbers_with_d_and_h_forms_are_known(date, serial, added) -> None:
    digits = with_norwegian_check_digits(f"{date.day + added[0]:02d}{date.month + added[1]:02d}{date:%y}{serial:03d}")
    assert digits is None or is_norwegian(digits)


@settings(deadline=None)
@given(st.dates(), st.integers(2, 899), st.sampled_from("-+ABCDEFYXWVU"))
def test_finnish_numbers_with_every_sign_of_the_century_are_known(date, serial, sign) -> None:
    check = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(f"{date:%d%m%y}{serial:03d}") % 31]
    assert is_finnish(f"{date:%d%m%y}{sign}{serial:03d}{check}")


def test_impossible_dates_are_no_numbers() -> None:
    assert not is_norwegian("99999999999")
    assert not is_estonian_or_lithuanian("39913311234")


def test_snomed_identifiers_are_codes() -> None:
    assert is_snomed_identifier("900000000000207008")
    assert is_snomed_identifier("31000003106")
    assert not is_snomed_identifier("12345")
