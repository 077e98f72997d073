"""A local code list comes in: choose the file, say what its columns mean, check its rows, make the project."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePath

from starlette.responses import Response

from termserver.curation import upload
from termserver.curation.upload import StagedUpload
from termserver.errors import BadFile, BadInput, TooLarge
from termserver.loaders.personal_ids import scan_rows, scan_text
from termserver.loaders.sniff import read_table_rows, sniff_table
from termserver.loaders.source import ColumnMapping, LoadedList, ReadCounts, TableGuess
from termserver.model.source_list import RowProblem, SourceList, SourceRow
from termserver.security.roles import Permission, may, require
from termserver.ui import words
from termserver.ui.catalogue import target_systems
from termserver.ui.edge import Call

ENCODINGS = {
    "utf-8": "UTF-8",
    "cp1252": "Windows-1252, Western Europe",
    "iso-8859-1": "ISO-8859-1, Western Europe",
    "iso-8859-15": "ISO-8859-15, Western Europe with €",
    "cp1257": "Windows-1257, Baltic",
    "iso-8859-13": "ISO-8859-13, Baltic",
    "iso-8859-4": "ISO-8859-4, Northern Europe",
    "cp850": "DOS 850, Western Europe",
    "cp775": "DOS 775, Baltic",
    "utf-16": "UTF-16",
}
DELIMITERS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Vertical bar"}
FORMATS = {
    "csv": "Delimited text",
    "spreadsheet": "Spreadsheet",
    "usagi": "Usagi",
    "fhir-json": "FHIR CodeSystem, JSON",
    "fhir-xml": "FHIR CodeSystem, XML",
}
_LISTED_PROBLEMS = 200
_TERM_LANGUAGES = ("en", "sv", "nb", "da", "fi", "is", "et", "lv", "lt", "la")


@dataclass(frozen=True, slots=True)
class ListForm:
    """What the person says about the list as a whole."""

    title: str
    source_url: str
    version: str
    language: str
    country: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file, as the mapping table shows it; values that look personal are masked."""

    name: str
    role: str
    first_values: tuple[str, ...]
    filled: float
    is_personal: bool


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """What was found when the whole file was read."""

    counts: ReadCounts
    problems: tuple[RowProblem, ...]
    problem_count: int
    by_rule: tuple[tuple[str, str, int], ...]
    personal: tuple[RowProblem, ...]
    personal_count: int
    is_blocked: bool


def choose_file(call: Call) -> Response:
    """The first step: which file."""
    require(call.session, call.actor, Permission.UPLOAD)
    return _choose_page(call, "")


def receive_file(call: Call) -> Response:
    """Keep the file beside the database until its rows are stored."""
    require(call.session, call.actor, Permission.UPLOAD)
    file = call.file_field("file")
    if file is None:
        raise BadInput("Choose a file first.")
    try:
        staged = upload.stage_upload(call.settings, file.filename or "list", file.file)
    except TooLarge:
        raise
    except BadInput as error:
        return _choose_page(call, error.message, error.http_status)
    try:
        sniff_table(staged.path, name=staged.file_name)
    except BadInput as error:
        upload.discard_upload(call.settings, staged.token)
        return _choose_page(call, error.message, error.http_status)
    return call.redirect(f"/upload/{staged.token}")


def map_columns(call: Call) -> Response:
    """The second step: how the file was read, and what its columns mean."""
    require(call.session, call.actor, Permission.UPLOAD)
    staged = upload.staged_upload(call.settings, call.path_text("token"))
    guess = sniff_table(staged.path, name=staged.file_name)
    return call.render("upload_map.html", **_mapping_data(call, staged, guess, _first_form(call, staged, guess)))


def map_columns_again(call: Call) -> Response:
    """The same step after another encoding, delimiter, sheet or header line was chosen."""
    require(call.session, call.actor, Permission.UPLOAD)
    staged = upload.staged_upload(call.settings, call.path_text("token"))
    guess = _sniff_as_chosen(call, staged)
    chosen = dict(zip(call.fields("column"), call.fields("role"), strict=False))
    if set(guess.columns) == set(chosen):
        guess = replace(guess, column_roles={column: chosen[column] for column in guess.columns})
    return call.render("upload_mapping.html", **_mapping_data(call, staged, guess, _form(call)))


def check_rows(call: Call) -> Response:
    """The third step: read the whole file and say what is wrong with which row; nothing is stored."""
    require(call.session, call.actor, Permission.UPLOAD)
    staged = upload.staged_upload(call.settings, call.path_text("token"))
    form = _form(call)
    checked = _check(_read_list(call, staged, form))
    return call.render(
        "upload_checked.html",
        staged=staged,
        checked=checked,
        form=form,
        may_override=may(call.session, call.actor, Permission.WAIVE_PERSONAL_IDS),
    )


def store_list(call: Call) -> Response:
    """The last step: list, project, audit event and job, in one transaction."""
    staged = upload.staged_upload(call.settings, call.path_text("token"))
    form = _form(call)
    project = upload.create_project(
        call.session,
        call.actor,
        _read_list(call, staged, form),
        title=form.title,
        source_url=form.source_url,
        version=form.version,
        language=form.language or None,
        country=form.country or None,
        target_systems=form.targets,
        override_personal_ids_reason=call.field("override_reason") or None,
    )
    upload.discard_upload(call.settings, staged.token)
    return call.redirect(f"/projects/{project.slug}")


def discard_file(call: Call) -> Response:
    """Forget the file."""
    require(call.session, call.actor, Permission.UPLOAD)
    upload.discard_upload(call.settings, call.path_text("token"))
    return call.redirect("/upload")


def _choose_page(call: Call, message: str, status: int = 200) -> Response:
    return call.render(
        "upload.html",
        status,
        limit_mb=call.settings.upload_limit_mb,
        systems=target_systems(call.session),
        message=message,
    )


def _first_form(call: Call, staged: StagedUpload, guess: TableGuess) -> ListForm:
    stem = PurePath(staged.file_name).stem
    title = re.sub(r"[_\s]+", " ", stem).strip().capitalize()
    slug = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or "list"
    host = call.settings.public_url or "https://codes.example.org"
    loaded = target_systems(call.session)
    return ListForm(
        title=title,
        source_url=f"{host}/CodeSystem/{slug}",
        version=datetime.now(UTC).date().isoformat(),
        language=guess.language or "",
        country="",
        targets=(loaded[0].header.url,) if len(loaded) == 1 else (),
    )


def _form(call: Call) -> ListForm:
    return ListForm(
        title=call.field("title"),
        source_url=call.field("source_url"),
        version=call.field("version"),
        language=call.field("language"),
        country=call.field("country"),
        targets=tuple(call.fields("target")),
    )


def _sniff_as_chosen(call: Call, staged: StagedUpload) -> TableGuess:
    header_line = call.field("header_line")
    return sniff_table(
        staged.path,
        name=staged.file_name,
        encoding=call.field("encoding") or None,
        delimiter=_delimiter(call),
        sheet=call.field("sheet") or None,
        header_line=int(header_line) if header_line.isdecimal() and len(header_line) < 7 else None,
    )


def _delimiter(call: Call) -> str | None:
    value = call.form.get("delimiter")  # not stripped: a tab is a delimiter
    return value if isinstance(value, str) and value in DELIMITERS else None


def _mapping_data(call: Call, staged: StagedUpload, guess: TableGuess, form: ListForm) -> dict[str, object]:
    encodings = dict(ENCODINGS)
    if guess.encoding and guess.encoding not in encodings:
        encodings[guess.encoding] = guess.encoding
    return {
        "staged": staged,
        "guess": guess,
        "form": form,
        "columns": [_column(guess, index) for index in range(len(guess.columns))],
        "preview": [[_masked(cell) for cell in row] for row in guess.preview[:8]],
        "format_name": FORMATS.get(guess.format, guess.format),
        "is_table": not guess.format.startswith("fhir"),
        "encodings": encodings,
        "delimiters": DELIMITERS,
        "roles": column_roles(guess.column_roles.values()),
        "systems": target_systems(call.session),
    }


def column_roles(used: Iterable[str]) -> list[tuple[str, str]]:
    """The meanings a column may have, with their names; `used` adds languages that are not among the usual ones.

    >>> column_roles(["term:de"])[2]
    ('term:', 'Synonym or further term')
    """
    named = [role.removeprefix("term:") for role in used if role.startswith("term:") and role != "term:"]
    languages = dict.fromkeys([*_TERM_LANGUAGES, *named])
    return [
        ("code", "Local code"),
        ("term", "Term"),
        ("term:", "Synonym or further term"),
        *((f"term:{tag}", f"Term in {words.language_name(tag)}") for tag in languages),
        ("language", "Language of the row"),
        ("frequency", "Frequency"),
        ("context", "Context (unit, specimen, class …)"),
        ("ignore", "Leave out"),
    ]


def _column(guess: TableGuess, index: int) -> Column:
    name = guess.columns[index]
    cells = [row[index] for row in guess.preview if index < len(row)]
    filled = [cell for cell in cells if cell.strip()]
    shown = tuple(dict.fromkeys(_masked(cell) for cell in filled))[:3]
    return Column(
        name=name,
        role=guess.column_roles.get(name, "ignore"),
        first_values=shown,
        filled=len(filled) / len(cells) if cells else 0.0,
        is_personal=any(_masked(cell) != cell for cell in filled),
    )


def _masked(cell: str) -> str:
    """The cell with what looks like a personal identity number masked."""
    for finding in sorted(scan_text(cell), key=lambda finding: -finding.start):
        if finding.severity == "block":
            cell = cell[: finding.start] + finding.masked + cell[finding.end :]
    return cell


def _read_list(call: Call, staged: StagedUpload, form: ListForm) -> LoadedList:
    columns, roles = call.fields("column"), call.fields("role")
    if len(columns) != len(roles):
        raise BadInput("Each column needs its meaning.")
    header = SourceList(
        name=form.title or staged.file_name,
        title=form.title,
        url=form.source_url,
        version=form.version,
        language=form.language or None,
        target_systems=form.targets,
        file_name=staged.file_name,
        country=form.country or None,
    )
    header_line = call.field("header_line")
    mapping = ColumnMapping(
        code=_only_column(columns, roles, "code", "local code"),
        term=_only_column(columns, roles, "term", "term"),
        language_column=_first_column(columns, roles, "language"),
        language=form.language or None,
        frequency=_first_column(columns, roles, "frequency"),
        context=tuple(column for column, role in zip(columns, roles, strict=True) if role == "context"),
        other_terms=tuple(
            (column, role.removeprefix("term:") or None)
            for column, role in zip(columns, roles, strict=True)
            if role.startswith("term:")
        ),
        encoding=call.field("encoding") or None,
        delimiter=_delimiter(call),
        sheet=call.field("sheet") or None,
        header_line=int(header_line) if header_line.isdecimal() and len(header_line) < 7 else None,
    )
    return read_table_rows(staged.path, mapping, name=staged.file_name, header=header)


def _only_column(columns: list[str], roles: list[str], role: str, name: str) -> str:
    found = [column for column, its in zip(columns, roles, strict=True) if its == role]
    if len(found) != 1:
        chosen = f"{len(found)} are chosen: {', '.join(found)}" if found else "none is chosen"
        raise BadInput(f"Exactly one column must be the {name}; {chosen}.")
    return found[0]


def _first_column(columns: list[str], roles: list[str], role: str) -> str | None:
    return next((column for column, its in zip(columns, roles, strict=True) if its == role), None)


def _check(loaded: LoadedList) -> CheckedRows:
    """Read every row once and gather what is wrong; a fault that ends the reading is the last problem."""
    rows: list[SourceRow] = []
    try:
        rows.extend(loaded.rows)
    except BadFile as error:
        loaded.problems.append(RowProblem(error.line, error.column, error.code, "error", "unreadable", error.message))
    personal = scan_rows(rows)
    counted = Counter((problem.rule, problem.severity) for problem in loaded.problems)
    return CheckedRows(
        counts=loaded.counts,
        problems=tuple(loaded.problems[:_LISTED_PROBLEMS]),
        problem_count=len(loaded.problems),
        by_rule=tuple((rule.replace("-", " "), severity, count) for (rule, severity), count in counted.most_common()),
        personal=tuple(personal[:_LISTED_PROBLEMS]),
        personal_count=len(personal),
        is_blocked=any(problem.severity == "error" for problem in personal),
    )
