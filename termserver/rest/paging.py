"""Pages of searches and histories: _count, _offset and the links between pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from termserver.errors import BadInput

_DEFAULT_COUNT = 50
LARGEST_COUNT = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a long list: `count` from `offset` on."""

    count: int
    offset: int


def read_page(query: Sequence[tuple[str, str]]) -> Page:
    """The page asked for; at most 1,000, as FHIR lets a server decide.

    Raises
    ------
    BadInput
        If a number is none.
    """
    numbers = {"_count": _DEFAULT_COUNT, "_offset": 0}
    for name, value in query:
        if name in numbers and value != "":
            if not (value.isascii() and value.isdigit()) or len(value) > 9:
                raise BadInput(f"Parameter '{name}': must be a whole number from 0 up", expression=name)
            numbers[name] = int(value)
    return Page(min(numbers["_count"], LARGEST_COUNT), numbers["_offset"])


def page_links(url: str, query: Sequence[tuple[str, str]], total: int, page: Page) -> list[tuple[str, str]]:
    """Pairs (relation, url): self, and first, previous, next, last where there are such pages."""
    kept = [(name, value) for name, value in query if name not in ("_offset", "_count")]

    def link(start: int) -> str:
        return f"{url}?{urlencode([*kept, ('_count', str(page.count)), ('_offset', str(start))])}"

    links = [("self", link(page.offset))]
    if page.count == 0:
        return links
    if page.offset + page.count < total:
        links.append(("next", link(page.offset + page.count)))
    if page.offset:
        links.append(("first", link(0)))
        links.append(("previous", link(max(0, page.offset - page.count))))
    if total > page.count:
        links.append(("last", link((total - 1) // page.count * page.count)))
    return links
