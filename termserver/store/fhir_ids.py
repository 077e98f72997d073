"""FHIR ids: 1 to 64 letters, digits, `-` and `.` (FHIR R4 datatypes, id)."""

from __future__ import annotations

import hashlib
import re
import unicodedata


def fhir_id(name: str, version: str) -> str:
    """A readable id that is the same on every load.

    >>> fhir_id("ICD-10 (WHO)", "2019")
    'icd-10-who-2019'
    """
    text = slug(f"{name} {version}")
    if len(text) > 64:
        text = f"{text[:53]}-{hashlib.sha256(f'{name}|{version}'.encode()).hexdigest()[:10]}"
    return text


def slug(text: str) -> str:
    """Lower-case ASCII letters, digits, `.` and single `-`.

    >>> slug("Diagnoser – Öst 2026")
    'diagnoser-ost-2026'
    """
    plain = unicodedata.normalize("NFKD", text.replace("ø", "o").replace("Ø", "O").replace("æ", "ae").replace("ð", "d"))
    ascii_only = plain.encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9.]+", "-", ascii_only).strip("-.") or "x"
