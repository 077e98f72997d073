"""Requests as plain data, and the rules of trying again. What waits for the network is in `client` and `async_client`."""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from termserver.client.answers import ClientError, Json, Translation, error_from, translation_from

_TRY_AGAIN = frozenset({429, 502, 503, 504})
_LONGEST_WAIT_S = 30.0
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Call:
    """A request. `query` is in the URL; `body` is JSON, and makes the request a POST."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Path and query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


def translate_call(code: str, system: str, options: Mapping[str, str | None]) -> Call:
    """GET ConceptMap/$translate."""
    return Call("ConceptMap/$translate", {"system": system, "code": code, **_given(options)})


def batch_calls(
    codes: Iterable[str], system: str, options: Mapping[str, str | None]
) -> Iterator[tuple[list[str], Call]]:
    """Batch Bundles of at most 500 distinct codes each."""
    distinct = iter(dict.fromkeys(codes))
    while chunk := list(islice(distinct, _BATCH)):
        entries = [{"request": {"method": "GET", "url": translate_call(code, system, options).url}} for code in chunk]
        yield chunk, Call("", body={"resourceType": "Bundle", "type": "batch", "entry": entries})


def translations_of_batch(codes: Sequence[str], bundle: Json) -> dict[str, Translation]:
    """The answers of a batch, code by code.

    Raises
    ------
    ClientError
        If an entry failed: naming the code.
    """
    entries = bundle.get("entry", [])
    if len(entries) != len(codes):
        raise ClientError(f"The server answered {len(entries)} of {len(codes)} entries of a batch.")
    found: dict[str, Translation] = {}
    for code, entry in zip(codes, entries, strict=True):
        status = int(str(entry.get("response", {}).get("status", "200"))[:3])
        if status >= 300:
            outcome = entry.get("response", {}).get("outcome") or entry.get("resource")
            raise error_from(status, outcome, f"the code '{code}' could not be translated")
        found[code] = translation_from(entry.get("resource", {}))
    return found


def lookup_call(code: str, system: str, options: Mapping[str, str | None]) -> Call:
    """GET CodeSystem/$lookup."""
    return Call("CodeSystem/$lookup", {"system": system, "code": code, **_given(options)})


def validate_call(code: str, system: str, options: Mapping[str, str | None]) -> Call:
    """GET ValueSet/$validate-code where a value set is named, else CodeSystem/$validate-code."""
    given = _given(options)
    if "url" in given:
        return Call("ValueSet/$validate-code", {"system": system, "code": code, **given})
    return Call("CodeSystem/$validate-code", {"url": system, "code": code, **given})


def expand_call(url: str, offset: int, count: int, options: Mapping[str, str | None]) -> Call:
    """GET ValueSet/$expand, one page."""
    page = {"url": url, "offset": str(offset), "count": str(count)}
    return Call("ValueSet/$expand", {**page, **_given(options)})


def _given(options: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in options.items() if value is not None}


def contains_of(expansion: Json) -> Iterator[Json]:
    """All codes of an expansion's page, nested ones too."""
    waiting = list(reversed(expansion.get("expansion", expansion).get("contains", [])))
    while waiting:
        item = waiting.pop()
        yield item
        waiting.extend(reversed(item.get("contains", [])))


@dataclass(frozen=True, slots=True)
class Retries:
    """When to try again: no connection, or 429, 502, 503 or 504; after 0.2 s, then twice as long each time.

    Parameters
    ----------
    most
        Tries after the first one.
    """

    most: int = 3
    first_wait_s: float = 0.2

    def wait_s(self, tried: int, status: int | None, headers: Mapping[str, str]) -> float | None:
        """Seconds to wait before the next try; None if there shall be none.

        >>> Retries(most=0).wait_s(0, 503, {}) is None
        True
        """
        if tried >= self.most or (status is not None and status not in _TRY_AGAIN):
            return None
        asked = _retry_after_s(headers.get("retry-after"))
        if asked is not None:
            return min(asked, _LONGEST_WAIT_S)
        chance = 0.5 + random.random()  # noqa: S311  so that many clients do not come back at one moment
        return float(min(self.first_wait_s * 2**tried * chance, _LONGEST_WAIT_S))


def _retry_after_s(text: str | None) -> float | None:
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())


def read_answer(status: int, body: Any, reason: str) -> Json:
    """The JSON of a good answer.

    Raises
    ------
    ClientError
        Otherwise, with what the OperationOutcome says.
    """
    if status >= 400:
        raise error_from(status, body, reason)
    if not isinstance(body, dict):
        raise ClientError(f"{status}: the answer is no FHIR resource", status=status)
    return body
