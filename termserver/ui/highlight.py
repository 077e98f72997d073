"""Mark the words of a designation that matched."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape


def highlight(text: str, words: Iterable[str]) -> Markup:
    """The text, escaped, with each occurrence of a word in `<mark>`; overlapping places are joined.

    >>> highlight("Akut hjärtinfarkt <x>", ["hjärt", "infarkt", "akut"])
    Markup('<mark>Akut</mark> <mark>hjärtinfarkt</mark> &lt;x&gt;')
    """
    marked = _marked_places(text, words)
    parts: list[str] = []
    at = 0
    for start, end in marked:
        parts.append(str(escape(text[at:start])))
        parts.append(f"<mark>{escape(text[start:end])}</mark>")
        at = end
    parts.append(str(escape(text[at:])))
    return Markup("".join(parts))  # noqa: S704  every part was escaped above


def _marked_places(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    lowered = text.lower()
    if len(lowered) != len(text):  # İ and a few others change their length: then places would not agree
        lowered = text
    places: list[tuple[int, int]] = []
    for word in {word.lower() for word in words if len(word) > 1}:
        start = lowered.find(word)
        while start >= 0:
            places.append((start, start + len(word)))
            start = lowered.find(word, start + len(word))
    joined: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
