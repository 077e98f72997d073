"""Maps as files over HTTP, in every format that is read and written: `$import-map` and `$export-map`.

`POST [base]/ConceptMap/$import-map` takes a file as `termserver load-map` does: stored whole or not at all, with every refused
line named. `GET [base]/ConceptMap/[id]/$export-map?format=…` gives a map as `termserver export` does. Both need a token.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from termserver.curation.foreign_maps import store_concept_map
from termserver.curation.resources import permission_for
from termserver.errors import BadInput, NotFound, TooLarge
from termserver.exports.registry import find_format, write_map
from termserver.fhir.operation_outcome import write_outcome
from termserver.loaders.maps.map_lines import LoadedMap, MapHeader
from termserver.loaders.maps.map_table import named_columns
from termserver.loaders.maps.omop_vocabularies import named_vocabularies
from termserver.loaders.maps.registry import opened_maps
from termserver.model.concept_map import ConceptMap
from termserver.model.issue import Issue
from termserver.model.map_export import ExportOptions
from termserver.rest.answers import etags_in
from termserver.rest.errors import MethodNotAllowed
from termserver.rest.file_operations import (
    LONGEST_FIELD,
    MULTIPART,
    asked_by,
    base_url_of,
    copy_file,
    outcome_response,
    received_form,
    told,
)
from termserver.rest.negotiation import media_type
from termserver.rest.reading import current_or_why_not
from termserver.rest.request import read_query
from termserver.rest.service import Service
from termserver.rest.writing import signed_in
from termserver.security.bounded_body import bounded_receive
from termserver.security.roles import Permission, require
from termserver.store.concept_maps import StoredConceptMap, find_concept_map, read_concept_map

_MB = 1 << 20
_CHUNK = 1 << 20
_MOST_TOLD = 100
_LONGEST_VALUE = 2_000
_SINGLE = ("url", "version", "title", "format", "sourceSystem", "targetSystem", "onError")
_REPEATED = ("column", "vocabulary")
_OF_EXPORT = ("url", "format", "licence", "sourceVocabulary", "refsetId", "moduleId", "effectiveTime")
_OF_ANSWER = ("_format", "_pretty")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")
_ALL = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True)
class _Sent:
    """A file as it was sent: where it lies, what the client calls it, and what is to become of it."""

    path: Path
    name: str
    header: MapHeader
    format_name: str | None
    columns: dict[str, str] = field(default_factory=dict)
    goes_on: bool = False
    omop_concepts: Path | None = None


def map_file_routes(service: Service, prefix: str) -> list[Route]:
    """The routes below one base; they stand in front of the common ones."""
    files = _MapFiles(service, prefix)
    importing, own = f"/{prefix}/ConceptMap/$import-map", f"/{prefix}/ConceptMap/{{fhir_id}}/$export-map"
    exporting = f"/{prefix}/ConceptMap/$export-map"
    return [
        Route(importing, told(files.take, prefix), methods=["POST"]),
        Route(importing, told(_not_so, prefix), methods=[item for item in _ALL if item != "POST"]),
        *(Route(path, told(files.give, prefix), methods=["GET", "HEAD"]) for path in (own, exporting)),
        *(
            Route(path, told(_not_so, prefix, allow="GET, HEAD"), methods=["POST", "PUT", "PATCH", "DELETE"])
            for path in (own, exporting)
        ),
    ]


async def _not_so(request: Request) -> Response:
    raise MethodNotAllowed(f"{request.method} is not served here")


class _MapFiles:
    """The two endpoints. Each asks who it is first."""

    def __init__(self, service: Service, prefix: str) -> None:
        self._service = service
        self._prefix = prefix

    async def take(self, request: Request) -> Response:
        """Store the maps of a file; 400 with every refused line (the first hundred) where one cannot be read."""
        await run_in_threadpool(self._refuse_strangers, request, permission_for("ConceptMap"))
        with tempfile.TemporaryDirectory() as folder:
            sent = await self._receive(request, Path(folder))
            return await run_in_threadpool(self._store, request, sent)

    async def give(self, request: Request) -> Response:
        """A map as a file; 304 where the client has it."""
        await run_in_threadpool(self._refuse_strangers, request, Permission.TRANSLATE_FILES)
        return await run_in_threadpool(self._export, request)

    # -------------------------------------------------------------- in

    async def _receive(self, request: Request, folder: Path) -> _Sent:
        limit_mb = self._service.settings.upload_limit_mb
        error = TooLarge(f"The file is larger than {limit_mb} MB (setting upload_limit_mb)")
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and len(announced) < 20 and int(announced) > limit_mb * _MB + LONGEST_FIELD:
            raise error
        query = read_query(request.url.query)
        bounded = Request(request.scope, bounded_receive(request.receive, limit_mb * _MB + LONGEST_FIELD, error))
        try:
            if media_type(request.headers.get("content-type", "")) == MULTIPART:
                return await _receive_form(bounded, query, folder)
            path = folder / "upload"
            with path.open("wb") as file:
                async for chunk in bounded.stream():
                    file.write(chunk)
        except ClientDisconnect:
            raise BadInput("The connection ended before the file did") from None
        return _sent(path, "the file", query)

    def _store(self, request: Request, sent: _Sent) -> Response:
        """All maps of the file, or none; they are read and checked before the database is locked."""
        with opened_maps(
            sent.path,
            sent.header,
            format_name=sent.format_name,
            columns=sent.columns,
            name=sent.name,
            omop_concepts=sent.omop_concepts,
        ) as maps:
            refused = [problem for loaded in maps for problem in loaded.problems]
            if refused and not sent.goes_on:
                issues = [*_told_problems(maps, "error"), _nothing_stored()]
                return outcome_response(request, self._prefix, 400, write_outcome(issues), {})
            with self._service.database.session(write=True) as session:
                actor = signed_in(session, asked_by(request))
                stored = [store_concept_map(session, actor, item.concept_map, item.rows) for item in maps]
            issues = [_told_map(loaded, one) for loaded, one in zip(maps, stored, strict=True)]
            issues += [Issue("information", "informational", note) for loaded in maps for note in loaded.notes]
            issues += _told_problems(maps, "warning")
        base = base_url_of(request, self._service.settings, self._prefix)
        headers = {"location": f"{base}/ConceptMap/{stored[0].fhir_id}"} if len(stored) == 1 else {}
        return outcome_response(request, self._prefix, 200, write_outcome(issues), headers)

    # -------------------------------------------------------------- out

    def _export(self, request: Request) -> Response:
        asked = _asked_once(read_query(request.url.query), _OF_EXPORT, "$export-map")
        if "format" not in asked:
            raise BadInput("Parameter 'format': is missing; see the documentation of formats", expression="format")
        chosen = find_format(asked["format"])
        concept_map = self._map(request.path_params.get("fhir_id"), asked.get("url"))
        options = ExportOptions(
            licence=asked.get("licence"),
            source_vocabulary=asked.get("sourceVocabulary"),
            refset_id=asked.get("refsetId"),
            module_id=asked.get("moduleId"),
            effective_time=asked.get("effectiveTime"),
        )
        file, digest = _written(write_map(concept_map, chosen.name, options=options))
        shown = re.sub(r"[^a-zA-Z0-9._-]+", "-", f"{concept_map.name}-{concept_map.version}"[:100]) + chosen.suffix
        headers = {
            "etag": f'"{digest}"',
            "cache-control": "private, no-cache",
            "content-disposition": f'attachment; filename="{shown}"',
            "x-content-type-options": "nosniff",
        }
        known = request.headers.get("if-none-match")
        if known is not None and (known.strip() == "*" or digest in etags_in(known)):
            file.close()
            return Response(status_code=304, headers=headers)
        if request.method == "HEAD":
            file.close()
            return Response(headers=headers, media_type=chosen.media_type)
        return StreamingResponse(iterate_in_threadpool(_chunks(file)), headers=headers, media_type=chosen.media_type)

    def _map(self, fhir_id: str | None, canonical: str | None) -> ConceptMap:
        if (fhir_id is None) == (canonical is None):
            raise BadInput("Name one map: by its id in the path, or by 'url' (url|version)", expression="url")
        with self._service.database.session() as session:
            if fhir_id is not None:
                found = current_or_why_not(session, "ConceptMap", fhir_id)
                return read_concept_map(session, found.id)
            url, _, version = (canonical or "").partition("|")
            stored = find_concept_map(session, url, version or None)
            if stored is None:
                raise NotFound(f"There is no ConceptMap '{(canonical or '')[:200]}'", expression="url")
            return read_concept_map(session, stored.id)

    def _refuse_strangers(self, request: Request, permission: Permission) -> None:
        with self._service.database.session() as session:
            require(session, signed_in(session, asked_by(request)), permission)


async def _receive_form(request: Request, query: list[tuple[str, str]], folder: Path) -> _Sent:
    """Parameters as fields, the map as `file`, CONCEPT.csv of the OMOP vocabularies as `omopConcepts`."""
    async with received_form(request, ("file", "omopConcepts")) as (fields, files):
        if "file" not in files:
            raise BadInput("The form has no file: send it as the field 'file'", expression="file")
        shown = (files["file"].filename or "the file").replace("\\", "/").rsplit("/", 1)[-1][:100]
        suffix = Path(shown).suffix
        path = folder / f"upload{suffix if _SUFFIX.fullmatch(suffix) else ''}"
        await run_in_threadpool(copy_file, files["file"].file, path)
        further = None
        if "omopConcepts" in files:
            further = folder / "further-concepts.csv"
            await run_in_threadpool(copy_file, files["omopConcepts"].file, further)
        return _sent(path, shown, [*query, *fields], further)


def _sent(path: Path, name: str, pairs: Sequence[tuple[str, str]], omop_concepts: Path | None = None) -> _Sent:
    repeated = {kind: [value for key, value in pairs if key == kind] for kind in _REPEATED}
    asked = _asked_once([pair for pair in pairs if pair[0] not in _REPEATED], _SINGLE, "$import-map")
    if asked.get("onError", "stop") not in ("stop", "continue"):
        raise BadInput("Parameter 'onError': must be stop or continue", expression="onError")
    return _Sent(
        path,
        name,
        MapHeader(
            asked.get("url", ""),
            asked.get("version", ""),
            asked.get("title", ""),
            asked.get("sourceSystem", ""),
            asked.get("targetSystem", ""),
            named_vocabularies(repeated["vocabulary"], "Parameter 'vocabulary'"),
        ),
        asked.get("format"),
        named_columns(repeated["column"], "Parameter 'column'"),
        asked.get("onError") == "continue",
        omop_concepts,
    )


def _asked_once(pairs: Sequence[tuple[str, str]], known: Sequence[str], operation: str) -> dict[str, str]:
    """Name → value; each at most once, none unknown."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in _OF_ANSWER:
            continue
        if name not in known:
            every = (*known, *(_REPEATED if operation == "$import-map" else ()))
            raise BadInput(
                f"Parameter '{name[:80]}': is not known to {operation}; it has: {', '.join(every)}",
                expression=name[:80],
            )
        if found.get(name, value) != value or len(value) > _LONGEST_VALUE:
            raise BadInput(f"Parameter '{name}': is given twice, or is too long", expression=name)
        if value:
            found[name] = value
    return found


def _told_map(loaded: LoadedMap, stored: StoredConceptMap) -> Issue:
    counts = loaded.counts
    return Issue(
        "information",
        "informational",
        f"ConceptMap/{stored.fhir_id}: {stored.header.canonical}, {stored.element_count:,} source codes; {counts.rows:,} lines "
        f"read, {counts.refused:,} refused, {counts.merged:,} said again what stood before",
    )


def _told_problems(maps: Sequence[LoadedMap], severity: str) -> list[Issue]:
    problems = [problem for loaded in maps for problem in loaded.problems]
    issues = []
    for problem in problems[:_MOST_TOLD]:
        place = f"line {problem.line}" + (f", column {problem.column}" if problem.column else "")
        issues.append(Issue(severity, "structure", f"{place}: {problem.message}"))
    if len(problems) > _MOST_TOLD:
        issues.append(Issue(severity, "structure", f"{len(problems):,} lines were refused in all"))
    return issues


def _nothing_stored() -> Issue:
    text = "Nothing was stored; correct the lines, or send onError=continue to leave them out"
    return Issue("error", "invalid", text, expression="onError")


def _written(chunks: Iterator[bytes]) -> tuple[IO[bytes], str]:
    """The file, gone once it is closed, and the sha256 of its content."""
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_CHUNK)  # noqa: SIM115  `_chunks` closes it
    digest = hashlib.sha256()
    try:
        for chunk in chunks:
            digest.update(chunk)
            file.write(chunk)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file, digest.hexdigest()


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        yield from iter(lambda: file.read(_CHUNK), b"")
