"""Read from the OMOP vocabularies' CONCEPT.csv only what a map needs. Source: OHDSI Athena download, OMOP CDM 5.4 CONCEPT."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path

from termserver.errors import BadFile
from termserver.model.map_export import OmopConcept
from termserver.model.omop import VOCABULARIES
from termserver.model.usagi_line import OMOP

_COLUMNS = ("concept_id", "concept_name", "domain_id", "vocabulary_id", "concept_code")


def read_omop_concepts(path: Path, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], OmopConcept]:
    """One pass over CONCEPT.csv (tabs, no quotes); memory is what was wanted.

    Parameters
    ----------
    wanted
        Pairs (canonical URL of the code system, code); in OMOP's own system the code is a concept id.

    Raises
    ------
    BadFile
        If a column is missing, naming those there are.
    """
    by_code = {(VOCABULARIES[system], code): (system, code) for system, code in wanted if system in VOCABULARIES}
    by_id = {code: (system, code) for system, code in wanted if system == OMOP}
    found: dict[tuple[str, str], OmopConcept] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        header = next(lines, [])
        missing = [column for column in _COLUMNS if column not in header]
        if missing:
            raise BadFile(
                f"the columns {', '.join(missing)} are missing; CONCEPT.csv of Athena has tabs and begins with "
                f"concept_id; here are: {', '.join(header[:12])}",
                file=path.name,
                line=1,
            )
        places = [header.index(column) for column in _COLUMNS]
        for line in lines:
            if len(line) <= max(places):
                raise BadFile(f"the line has only {len(line)} cells", file=path.name, line=lines.line_num)
            number, name, domain, vocabulary, code = (line[place] for place in places)
            for key in (by_code.get((vocabulary, code)), by_id.get(number)):
                if key is not None:
                    found[key] = OmopConcept(int(number), vocabulary, code, name, domain)
    return found
