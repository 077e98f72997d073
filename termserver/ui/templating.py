"""The template environment: escaping on, a missing variable is an error, the words of `words` as filters."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from termserver import __version__
from termserver.ui import words
from termserver.ui.highlight import highlight

STATIC_FOLDER = Path(__file__).parent / "static"
_ICONS = {
    "logo": "M2 4h5M2 8h3M2 12h5M14 8H9m0 0 2.500-2.500M9 8l2.500 2.500",
    "check": "m3 8.500 3.500 3.500L13 4.500",
    "cross": "m4 4 8 8M12 4l-8 8",
    "half": "M2.500 8c2-3 3.500-3 5.500 0s3.500 3 5.500 0",
    "warn": "M8 2.500 14.500 13.500h-13zM8 6.500v3.200M8 11.600v.1",
    "info": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 7.300v3.700M8 5v.1",
    "ok": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM5.300 8.200l2 2 3.400-4",
    "none": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM4 12l8-8",
    "open": "M8 2a6 6 0 0 1 2 .4M13 4.700a6 6 0 0 1 1 2.300M13.600 10.200a6 6 0 0 1-1.600 2.200M9 13.900a6 6 0 0 1-2.600-.1"
    "M3.700 12.200a6 6 0 0 1-1.400-2.300M2.200 6.600a6 6 0 0 1 1.500-2.800",
    "flag": "M4 14V2.500h8L10 5.500l2 3H4",
    "talk": "M2.500 3.500h11v7.500H8L5 13.500V11H2.500z",
    "filter": "M2 4h12M4.500 8h7M6.500 12h3",
    "theme": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 2v12M10.500 3v10M12.600 4.500v7",
    "help": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2z"
    "M6.300 6.300c.2-2.300 3.600-2 3.400.1-.1 1.200-1.700 1.300-1.700 2.600M8 11.200v.1",
    "skip": "m3 4 5 4-5 4zM12.500 4v8",
    "undo": "M6 3 2.500 6.500 6 10M3 6.500h6.500a3.500 3.500 0 0 1 0 7H7",
    "up": "M8 13V3.500M4 7l4-4 4 4",
    "right": "m6 3.500 4.500 4.500L6 12.500",
    "left": "M10 3.500 5.500 8l4.500 4.500",
    "down": "m3.500 6 4.500 4.500L12.500 6",
    "lock": "M4 7.500h8v6H4zM5.500 7.500V5a2.500 2.500 0 0 1 5 0v2.500",
    "plus": "M8 3v10M3 8h10",
    "search": "M7 2.500a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9zM10.300 10.300 14 14",
    "file": "M4 2h5.500L12.500 5v9H4zM9.500 2v3.200h3",
    "out": "M8 2.500V10M5 7.500 8 10.500l3-3M3 13.500h10",
    "person": "M8 2.500a2.600 2.600 0 1 1 0 5.200 2.600 2.600 0 0 1 0-5.200zM3 14c.4-3 2.300-4.500 5-4.500s4.600 1.500 5 4.500",
}


@cache
def environment() -> Environment:
    """The environment of all pages; made once a process."""
    made = Environment(
        loader=PackageLoader("termserver.ui", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        number=words.number,
        short_number=words.short_number,
        percent=words.percent,
        probability=words.probability,
        moment=words.moment,
        size=words.size,
        highlight=highlight,
        language_name=words.language_name,
        system_label=words.system_label,
        system_class=words.system_class,
        action_words=words.action_words,
        sentence=words.sentence,
        no_map_words=words.no_map_words,
        signal_name=words.signal_name,
    )
    made.globals.update(
        icon=icon,
        icon_paths=_ICONS,
        static=static_url,
        words=words,
        program_version=__version__,
    )
    made.globals["parts"] = made.get_template("parts.html").module
    return made


def icon(name: str) -> Markup:
    """A decorative icon; the word stands beside it."""
    if name not in _ICONS:
        raise KeyError(f"no icon named {name}")
    return Markup('<svg class="i" aria-hidden="true"><use href="#i-{}"/></svg>').format(name)


@cache
def static_url(path: str) -> str:
    """URL of a static file with its content hash, so that browsers keep it until it changes."""
    digest = hashlib.sha256((STATIC_FOLDER / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"
