"""Lists of language tags with weights, as `displayLanguage` and Accept-Language have them.

Source: RFC 9110 section 12.5.4, RFC 5646 section 2.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from termserver.errors import BadInput

_TAG = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")


def weighted_tags(text: str) -> Iterator[tuple[str, float]]:
    """Tags with their weights, in order; a weight that is no number counts as 0.

    >>> list(weighted_tags("sv;q=0.5, nb, *; q=0"))
    [('sv', 0.5), ('nb', 1.0), ('*', 0.0)]
    """
    for item in text.split(","):
        tag, *parameters = (part.strip() for part in item.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                try:
                    weight = float(value)
                except ValueError:
                    weight = 0.0
        yield tag, weight


def check_display_language(value: str) -> None:
    """Refuse a `displayLanguage` with something in it that is no language tag.

    Raises
    ------
    BadInput
        Naming the parameter and its value.
    """
    for tag, _ in weighted_tags(value):
        if tag != "*" and not _TAG.fullmatch(tag):
            raise BadInput(
                f"Invalid displayLanguage: '{value}'",
                issue_code="processing",
                tx_issue="invalid-display",
                message_id="INVALID_DISPLAY_NAME",
            )
