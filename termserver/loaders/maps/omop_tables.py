"""CONCEPT.csv and CONCEPT_RELATIONSHIP.csv: where they lie, and their rows. Source: OMOP CDM 5.4; OHDSI Athena's download.

Athena's files have tabs and no quotes; those that sites write for themselves have commas and quotes. Both are read.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from termserver.errors import BadFile
from termserver.loaders.archive import check_archive, is_zip

CONCEPT = "concept"
CONCEPT_RELATIONSHIP = "concept_relationship"
_SUFFIXES = ("", ".csv", ".tsv", ".txt")
_TELLING = (
    {"concept_id_1", "concept_id_2", "relationship_id"},
    {"concept_id", "concept_name", "vocabulary_id", "concept_code"},
)


@dataclass(frozen=True, slots=True)
class OmopTables:
    """The two tables of a file: a zip that holds both, or one of them beside the other.

    Parameters
    ----------
    name
        What messages call the file.
    further_concepts
        Another CONCEPT.csv, such as Athena's, which names the targets.
    """

    path: Path
    name: str
    further_concepts: Path | None = None

    def rows(
        self, table: str, columns: Sequence[str], optional: Sequence[str] = ()
    ) -> Iterator[tuple[int, tuple[str, ...]]]:
        """(line, cells of these columns) of a table's rows; an optional column that the file lacks is empty.

        Raises
        ------
        BadFile
            If the table or a column is missing, or a line cannot be read.
        """
        if not is_zip(self.path):
            beside = self.path if _table_of(self.path.name) == table else _beside(self.path, table)
            if beside is None:
                raise BadFile(f"there is no {table.upper()}.csv beside it; or send both in one zip", file=self.name)
            with beside.open("rb") as file:
                yield from _rows(file, beside.name, columns, optional)
            return
        with zipfile.ZipFile(self.path) as archive:
            (member,) = _members(archive, table, self.name)
            with archive.open(member) as inner:
                yield from _rows(inner, f"{self.name}/{member}", columns, optional)  # type: ignore[arg-type]

    def every_concept(self, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """The cells of all concepts, further ones last."""
        for _, cells in self.rows(CONCEPT, columns):
            yield cells
        if self.further_concepts is not None:
            with self.further_concepts.open("rb") as file:
                for _, cells in _rows(file, self.further_concepts.name, columns, ()):
                    yield cells


def is_omop_file(path: Path) -> bool:
    """True for a zip with both tables, or a file with the columns of one."""
    if is_zip(path):
        try:
            with zipfile.ZipFile(path) as archive:
                found = {_table_of(member) for member in archive.namelist()}
        except zipfile.BadZipFile:
            return False
        return {CONCEPT, CONCEPT_RELATIONSHIP} <= found
    with path.open("rb") as file:
        first = file.readline(10_000).decode("utf-8-sig", "replace").casefold()
    names = {item.strip(' "\r\n') for item in re.split("[\t,]", first)}
    return any(columns <= names for columns in _TELLING)


def open_tables(path: Path, *, name: str, further_concepts: Path | None = None) -> OmopTables:
    """The tables of a file.

    Raises
    ------
    BadFile
        If the archive is damaged, too large, or has not one table of each kind.
    """
    if is_zip(path):
        check_archive(path, name=name)
        with zipfile.ZipFile(path) as archive:
            for table in (CONCEPT, CONCEPT_RELATIONSHIP):
                _members(archive, table, name)
    return OmopTables(path, name, further_concepts)


def _table_of(member: str) -> str:
    """The table that a file is named after; empty for others.

    >>> _table_of("release/CONCEPT_RELATIONSHIP.csv"), _table_of("DRUG_STRENGTH.csv")
    ('concept_relationship', '')
    """
    last = member.replace("\\", "/").rsplit("/", 1)[-1].casefold()
    return next(
        (table for table in (CONCEPT, CONCEPT_RELATIONSHIP) for suffix in _SUFFIXES if last == f"{table}{suffix}"), ""
    )


def _members(archive: zipfile.ZipFile, table: str, name: str) -> list[str]:
    found = [member for member in archive.namelist() if _table_of(member) == table]
    if len(found) != 1:
        raise BadFile(
            f"the archive holds {len(found) or 'no'} {table.upper()}.csv; one is needed, beside one "
            f"{(CONCEPT if table != CONCEPT else CONCEPT_RELATIONSHIP).upper()}.csv",
            file=name,
        )
    return found


def _beside(path: Path, table: str) -> Path | None:
    return next((item for item in sorted(path.parent.iterdir()) if _table_of(item.name) == table), None)


def _rows(
    file: BinaryIO, name: str, columns: Sequence[str], optional: Sequence[str]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        line = 1
        try:
            first = text.readline()
            has_tabs = "\t" in first
            names = [item.strip(' "\r\n').casefold() for item in first.split("\t" if has_tabs else ",")]
            take = _places(names, columns, optional, name=name)
            reader = (
                csv.reader(text, delimiter="\t", quoting=csv.QUOTE_NONE) if has_tabs else csv.reader(text, strict=True)
            )
            for cells in reader:
                line = reader.line_num + 1
                if not any(cells):
                    continue
                if len(cells) != len(names):
                    raise BadFile(f"the line has {len(cells)} cells, {len(names)} are named", file=name, line=line)
                yield line, take((*cells, ""))
        except UnicodeDecodeError:
            raise BadFile("it is not UTF-8; save it anew as UTF-8", file=name, line=line + 1) from None
        except csv.Error as error:
            raise BadFile(f"the line cannot be read: {error}", file=name, line=line + 1) from None


def _places(
    names: Sequence[str], columns: Sequence[str], optional: Sequence[str], *, name: str
) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """What takes these columns out of a row with one empty cell behind the last, which stands for columns not there."""
    missing = [column for column in columns if column not in names]
    if missing:
        raise BadFile(
            f"the columns {', '.join(missing)} are missing; here are: {', '.join(names[:12])[:300]}", file=name, line=1
        )
    places = [names.index(column) if column in names else len(names) for column in (*columns, *optional)]
    return lambda cells: tuple(cells[place] for place in places)
