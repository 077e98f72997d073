"""A pattern with stars finds the texts that a regular expression finds, one by one."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from termserver.index import text_pool as module
from termserver.index.text_pool import text_pool

_LETTERS = "abxé* \\"


def _expected(pattern: str, text: str) -> bool:
    expression = "".join(
        ".*" if piece == "*" else re.escape(piece[-1] if piece.startswith("\\") else piece)
        for piece in re.findall(r"\\.|\*|[^\\*]+", pattern.replace("é", "e"))
    )
    return bool(pattern.strip("\\")) and re.fullmatch(expression, text.replace("é", "e"), re.DOTALL) is not None


@given(
    st.text(_LETTERS.replace("\\", ""), max_size=7),
    st.lists(st.text("abxé ", max_size=9), max_size=12),
    st.sampled_from([0, 3, 50_000]),
)
@example("a*a", ["a", "aa", "aba"], 0)
@example("ab*bx", ["abx", "abbx"], 0)
@example("*", ["", "a"], 3)
@example("ab", ["ab", "abx", "xab", "ab"], 0)
@example("*a*", ["", "xax", "x", "a"], 0)
@example("xé", ["xe", "xé"], 0)
@settings(max_examples=400, deadline=None)
def test_stars(pattern: str, texts: list[str], looked_into: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_MOST_LOOKED_INTO", looked_into)
        patch.setattr(module, "_BLOCK", 5)  # a piece may stand where two blocks meet
        found = text_pool(texts).like(pattern).tolist()
    if pattern:
        assert found == [_expected(pattern, text) for text in texts]
    else:
        assert not any(found)
