"""Editions of SNOMED CT and their names. Source: FHIR R5 "Using SNOMED CT with HL7 Standards", section on editions."""

from __future__ import annotations

import re

SNOMED_URL = "http://snomed.info/sct"
_VERSION = re.compile(r"http://snomed\.info/x?sct/(?P<module>\d+)(?:/version/(?P<date>\d{8}))?")
_EDITIONS = {
    "11000146104": "Dutch Edition",
    "11000172109": "Belgian Edition",
    "11000181102": "Estonian Edition",
    "11000220105": "Irish Edition",
    "11000221109": "Argentine Edition",
    "11000229106": "Finnish Edition",
    "11000234105": "Austrian Edition",
    "11000267109": "Korean Edition",
    "11000318109": "Jamaican Edition",
    "20611000087101": "Canadian Edition",
    "2011000195101": "Swiss Edition",
    "21000210109": "New Zealand Edition",
    "32506021000036107": "Australian Edition",
    "332351000009108": "Veterinary Edition",
    "449081005": "Spanish Edition",
    "45991000052106": "Swedish Edition",
    "51000202101": "Norwegian Edition",
    "554471000005108": "Danish Edition",
    "5631000179106": "Uruguayan Edition",
    "731000124108": "US Edition",
    "827022005": "IPS Terminology",
    "83821000000107": "UK Edition",
    "900000000000207008": "International Edition",
}


def edition_name(version: str) -> str:
    """What an edition is called by its version URI; extracts of no national module are of the international edition.

    >>> edition_name("http://snomed.info/sct/45991000052106/version/20250531"), edition_name("")
    ('Swedish Edition', 'International Edition')
    """
    match = _VERSION.fullmatch(version)
    return _EDITIONS.get(match["module"] if match else "", _EDITIONS["900000000000207008"])
