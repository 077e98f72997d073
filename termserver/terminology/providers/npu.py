"""NPU codes (`NPU01234`) by their form, as long as no release of NPU is loaded under this URL: then that is asked instead.

Besides the international codes there are national ones with their own letters: DNK, NOR and SWE.
Source: https://npu-terminology.org, form of the codes.
"""

from __future__ import annotations

import re

from termserver.model.code_system import CodeSystem, Concept
from termserver.terminology.providers.grammar import GrammarContent, Listed

SYSTEM = "http://npu-terminology.org"
_CODE = re.compile(r"(?:NPU|DNK|NOR|SWE)\d{5}", re.ASCII)
_HEADER = CodeSystem(
    SYSTEM,
    "",
    "NPU",
    title="NPU codes, checked by their form; load a release for their names",
    publisher="C-NPU",
)


def npu(listed: Listed) -> GrammarContent:
    """The codes' form as content of a code system."""
    return GrammarContent(_HEADER, _concept, listed=listed)


def _concept(code: str) -> Concept | None:
    return Concept(code, code) if _CODE.fullmatch(code) else None
