"""Texts and numbers for people: how the pages say a language, a code system, a probability, a date."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from termserver.model.decision import NoMapReason, RowStatus
from termserver.model.job import JobState
from termserver.model.person import Role
from termserver.model.relationship import Relationship

LANGUAGES = {
    "sv": "Swedish", "nb": "Norwegian Bokmål", "nn": "Norwegian Nynorsk", "no": "Norwegian", "da": "Danish",
    "fi": "Finnish", "is": "Icelandic", "et": "Estonian", "lv": "Latvian", "lt": "Lithuanian", "en": "English",
    "la": "Latin", "de": "German", "ru": "Russian", "se": "Northern Sami",
}  # fmt: skip
COUNTRIES = {
    "SE": "Sweden", "NO": "Norway", "DK": "Denmark", "FI": "Finland", "IS": "Iceland", "EE": "Estonia",
    "LV": "Latvia", "LT": "Lithuania",
}  # fmt: skip
RELATIONSHIPS = (
    (Relationship.EQUIVALENT, "=", "equivalent", "Equivalent"),
    (Relationship.NARROWER, "<", "narrower", "The row is narrower than the target"),
    (Relationship.BROADER, ">", "broader", "The row is broader than the target"),
    (Relationship.RELATED_TO, "~", "related", "Related, neither broader nor narrower"),
)
NO_MAP_REASONS = (
    (NoMapReason.NO_TARGET, "No suitable target", "Looked for it; the code system has none"),
    (NoMapReason.TOO_VAGUE, "Too vague", "The list owner must say what it means"),
    (NoMapReason.NOT_CLINICAL, "Not a clinical concept", "Header, price line, test row"),
    (NoMapReason.OUT_OF_SCOPE, "Out of scope", "Belongs to another project"),
    (NoMapReason.ERROR_IN_LIST, "Error in the list", "The row itself is wrong"),
)
KEYS = (
    ("Enter", "Accept the chosen candidate"), ("1 – 9", "Accept that candidate"), ("↑ ↓", "Choose a candidate"),
    ("= < > ~", "Relationship, as printed on the keyboard"), ("r", "Next relationship (any keyboard)"),
    ("n 1–5", "No map, with reason"), ("m", "Several targets for one row, on or off"),
    ("d", "Decide with the targets chosen so far"), ("Space", "Skip the row"), ("f", "Flag"), ("u", "Undo"),
    ("c", "Comment"), ("g", "Decide checked rows together"), ("e", "Evidence for all"),
    ("/ or s", "Search the target"), ("j k", "Next, previous row"), ("a", "Approve (reviewers)"),
    ("x", "Send back with a comment (reviewers)"), ("Esc", "Leave a field or menu"), ("?", "This list"),
)  # fmt: skip
STATUS_WORDS = {
    RowStatus.OPEN: "Open", RowStatus.SKIPPED: "Skipped", RowStatus.DECIDED: "Decided",
    RowStatus.APPROVED: "Approved", RowStatus.REJECTED: "Sent back",
}  # fmt: skip
STATUS_LOOKS = {
    RowStatus.OPEN: ("open", "muted"), RowStatus.SKIPPED: ("skip", "muted"), RowStatus.DECIDED: ("ok", "info"),
    RowStatus.APPROVED: ("check", "ok"), RowStatus.REJECTED: ("undo", "bad"),
}  # fmt: skip
"""Icon and colour class of a row's status."""
JOB_WORDS = {
    JobState.QUEUED: "Waiting", JobState.RUNNING: "Running", JobState.DONE: "Done",
    JobState.FAILED: "Failed", JobState.CANCELLED: "Cancelled",
}  # fmt: skip
ROLE_WORDS = {
    Role.VIEWER: "may look", Role.MAPPER: "and decide rows", Role.REVIEWER: "and approve decisions of others",
    Role.PUBLISHER: "and publish", Role.ADMINISTRATOR: "and manage people and content",
}  # fmt: skip
_ACTIONS = {
    "row.decide": "decided", "row.no-map": "decided that there is no map", "row.skip": "skipped the row",
    "row.flag": "flagged the row", "row.unflag": "took the flag away", "row.undo": "took back the last decision",
    "row.comment": "commented", "row.approve": "approved", "row.reject": "sent back",
    "project.create": "created the project", "map.publish": "published", "project.publish": "published",
}  # fmt: skip
SIGNAL_CLASSES = {"words": "s1", "meaning": "s2", "structure": "s3", "memory": "s4"}
"""Colour of each signal in the evidence bar: always the same, whatever the order."""
_SIGNALS = {"words": "words", "meaning": "meaning", "structure": "structure", "memory": "earlier decisions"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_THIN_SPACE = "\u202f"


def language_name(tag: str | None) -> str:
    """The English name of a language.

    >>> language_name("sv"), language_name("en-GB"), language_name(None)
    ('Swedish', 'English (GB)', 'no language named')
    """
    if not tag:
        return "no language named"
    main, _, region = tag.partition("-")
    name = LANGUAGES.get(main.lower(), main)
    return f"{name} ({region})" if region else name


def system_label(url: str) -> str:
    """A short name of a code system.

    >>> system_label("http://hl7.org/fhir/sid/icd-10"), system_label("http://loinc.org")
    ('ICD-10', 'LOINC')
    >>> system_label("http://hl7.org/fhir/sid/icd-10-se"), system_label("https://fhir.ee/CodeSystem/rhk10")
    ('ICD-10-SE', 'rhk10')
    """
    lowered = url.lower()
    if "loinc.org" in lowered:
        return "LOINC"
    if "snomed.info" in lowered:
        return "SNOMED CT"
    if url.startswith("urn:oid:"):
        return url.removeprefix("urn:oid:")
    last = urlsplit(url).path.rstrip("/").rpartition("/")[2] or urlsplit(url).netloc or url
    return last.upper() if last.lower().startswith("icd") else last


def system_class(url: str) -> str:
    """The colour of a code system's badge: `loinc`, `sct`, `icd` or none.

    >>> system_class("http://snomed.info/sct")
    'sct'
    """
    label = system_label(url)
    if label == "LOINC":
        return "loinc"
    if label == "SNOMED CT":
        return "sct"
    return "icd" if label.startswith("ICD") or "rhk10" in label.lower() else ""


def probability(value: float | None) -> str:
    """A calibrated probability, two digits; three below 0.1.

    >>> probability(0.9312), probability(0.0412), probability(0.0004), probability(1.0), probability(None)
    ('0.93', '0.041', '<0.001', '1.00', '–')
    """
    if value is None:
        return "–"
    if value < 0.001:
        return "<0.001"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def number(value: int | None) -> str:
    """A whole number in groups of three.

    >>> number(38204) == "38" + chr(0x202F) + "204", number(None)
    (True, '–')
    """
    return "–" if value is None else f"{value:,}".replace(",", _THIN_SPACE)


def short_number(value: int | None) -> str:
    """A number for a narrow column.

    >>> [short_number(value).replace(chr(0x202F), " ") for value in (842, 12480, 1204331)]
    ['842', '12 k', '1.2 M']
    """
    if value is None:
        return "–"
    if value >= 1_000_000:
        return f"{value / 1_000_000:.1f}{_THIN_SPACE}M"
    return f"{value / 1000:.0f}{_THIN_SPACE}k" if value >= 10_000 else number(value)


def percent(share: float) -> str:
    """A share as a percentage that never says 100 before all is done.

    >>> percent(0.948), percent(0.9999), percent(1.0), percent(0.0)
    ('94.8\u202f%', '99.9\u202f%', '100\u202f%', '0\u202f%')
    """
    value = int(share * 1000) / 10
    return f"{value:.0f}{_THIN_SPACE}%" if value in (0, 100) else f"{value:.1f}{_THIN_SPACE}%"


def size(size_bytes: int) -> str:
    """A file's size.

    >>> size(1_900_000), size(812)
    ('1.9\u202fMB', '812\u202fbytes')
    """
    if size_bytes >= 1_000_000:
        return f"{size_bytes / 1_000_000:.1f}{_THIN_SPACE}MB"
    return f"{size_bytes / 1000:.0f}{_THIN_SPACE}kB" if size_bytes >= 1000 else f"{size_bytes}{_THIN_SPACE}bytes"


def moment(text: str | None) -> str:
    """A moment of the database (ISO 8601, UTC) as `22 Nov, 10:12`; a script shows it in the reader's time zone.

    >>> moment("2026-11-22T10:12:45.120Z")
    '22 Nov, 10:12'
    """
    if not text:
        return "–"
    when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return f"{when.day} {_MONTHS[when.month - 1]}, {when:%H:%M}"


def sentence(text: str) -> str:
    """The text with a capital first letter.

    >>> sentence("the code is empty")
    'The code is empty'
    """
    return text[:1].upper() + text[1:]


def action_words(action: str) -> str:
    """An audit event's action as a verb.

    >>> action_words("row.approve"), action_words("code-system.load")
    ('approved', 'code system: load')
    """
    if action in _ACTIONS:
        return _ACTIONS[action]
    thing, _, verb = action.partition(".")
    return f"{thing.replace('-', ' ')}: {verb.replace('-', ' ')}" if verb else action


def signal_name(name: str) -> str:
    """The curator's word for a signal of the engine."""
    return _SIGNALS.get(name, name)


def no_map_words(reason: NoMapReason | None) -> str:
    """A reason without target, in words.

    >>> no_map_words(NoMapReason.TOO_VAGUE)
    'Too vague'
    """
    return next((words for key, words, _ in NO_MAP_REASONS if key is reason), "No map")
