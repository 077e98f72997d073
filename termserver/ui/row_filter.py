"""The filter of the queue, to and from the URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from termserver.curation.queue import RowFilter
from termserver.model.decision import RowStatus

STATUS_CHOICES = {
    "todo": ("To do", (RowStatus.OPEN, RowStatus.REJECTED)),
    "skipped": ("Skipped", (RowStatus.SKIPPED,)),
    "decided": ("To approve", (RowStatus.DECIDED,)),
    "approved": ("Approved", (RowStatus.APPROVED,)),
    "rejected": ("Sent back", (RowStatus.REJECTED,)),
    "all": ("All rows", ()),
}
BANDS = {
    "": ("Any probability", None, None),
    "high": ("0.9 and above", 0.9, None),
    "middle": ("0.5 to 0.9", 0.5, 0.9),
    "low": ("Below 0.5", None, 0.5),
}
ORDERS = {
    "frequency": "By frequency",
    "probability": "By probability",
    "doubt": "Least sure first",
    "line": "As in the list",
}
CANDIDATES = {"": "Any number of candidates", "some": "With candidates", "none": "Without candidates"}


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What the person chose in the filter's fields; each field is one URL parameter."""

    status: str = "todo"
    language: str = ""
    band: str = ""
    flagged: bool = False
    text: str = ""
    candidates: str = ""
    min_frequency: int | None = None
    order: str = "frequency"

    @property
    def query(self) -> str:
        """The URL's query, only what differs from the default.

        >>> QueueFilter(status="decided", text="hb a").query
        'status=decided&text=hb+a'
        """
        default = QueueFilter()
        return urlencode(
            {
                name: "1" if value is True else value
                for name in self.__slots__
                if (value := getattr(self, name)) != getattr(default, name)
            }
        )

    @property
    def is_narrowed(self) -> bool:
        """True if anything besides the order differs from the default."""
        return bool(self.query) and self != QueueFilter(order=self.order)

    @property
    def folded_count(self) -> int:
        """How many of the filters behind "More filters" are set."""
        return sum((bool(self.band), self.flagged, bool(self.candidates), self.min_frequency is not None))

    def row_filter(self) -> RowFilter:
        """The use case's filter."""
        _, low, high = BANDS[self.band]
        return RowFilter(
            status=STATUS_CHOICES[self.status][1],
            language=self.language or None,
            min_probability=low,
            max_probability=high,
            min_frequency=self.min_frequency,
            flagged=True if self.flagged else None,
            text=self.text or None,
            candidates=self.candidates or None,
            order=self.order,
        )


def read_queue_filter(query: Mapping[str, str]) -> QueueFilter:
    """The filter of a URL; a value that does not exist counts as not given.

    >>> read_queue_filter({"status": "decided", "band": "nonsense", "min_frequency": "x"})
    QueueFilter(status='decided', language='', band='', flagged=False, text='', candidates='', min_frequency=None,
    order='frequency')
    """
    frequency = query.get("min_frequency", "").strip()
    return QueueFilter(
        status=_known(query.get("status", "todo"), STATUS_CHOICES, "todo"),
        language=query.get("language", "")[:35],
        band=_known(query.get("band", ""), BANDS, ""),
        flagged=query.get("flagged", "") == "1",
        text=query.get("text", "").strip()[:200],
        candidates=_known(query.get("candidates", ""), CANDIDATES, ""),
        min_frequency=int(frequency) if frequency.isdecimal() and len(frequency) < 16 else None,
        order=_known(query.get("order", "frequency"), ORDERS, "frequency"),
    )


def _known(value: str, choices: Mapping[str, object], default: str) -> str:
    return value if value in choices else default
