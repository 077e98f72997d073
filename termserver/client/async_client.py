"""The client, awaiting each answer. Its twin is `client`: the same methods, the same answers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from termserver.client.answers import (
    ClientError,
    Json,
    Translation,
    Validation,
    error_from,
    translation_from,
    validation_from,
)
from termserver.client.bulk import FileOptions, FileTranslation, Reply, Step, translate_file
from termserver.client.cache import ResourceCache
from termserver.client.exchange import (
    Call,
    Retries,
    batch_calls,
    contains_of,
    expand_call,
    lookup_call,
    read_answer,
    translate_call,
    translations_of_batch,
    validate_call,
)

if TYPE_CHECKING:
    import httpx

_PAGE = 1_000


class AsyncClient:
    """See the package.

    Parameters
    ----------
    base_url
        With the FHIR version: `http://localhost:8080/r4`, `/r4b` or `/r5`.
    token
        Sent as `Authorization: Bearer`, where the server asks for one.
    cache
        Keeps resources that were read whole.
    transport
        An httpx transport, for tests and proxies.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout_s: float = 30.0,
        retries: Retries | None = None,
        token: str | None = None,
        cache: ResourceCache | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        import httpx

        headers = {"Accept": "application/fhir+json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self._retries = Retries() if retries is None else retries
        self._cache = cache
        self._parts: dict[str, str] = {}
        self._unreachable = httpx.TransportError
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/") + "/", timeout=timeout_s, headers=headers, transport=transport
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    # -------------------------------------------------------------- operations

    async def translate(
        self,
        code: str,
        *,
        system: str,
        url: str | None = None,
        target_system: str | None = None,
        language: str | None = None,
    ) -> Translation:
        """$translate one code.

        Parameters
        ----------
        url
            Canonical URL of the map; `url|version` pins it. None takes every active map that fits.
        language
            Of the displays, as BCP-47.

        Raises
        ------
        ClientError
            If the server refuses, such as for an unknown map, or cannot be reached.
        """
        options = {"url": url, "targetsystem": target_system, "displayLanguage": language}
        return translation_from(await self._ask(translate_call(code, system, options)))

    async def translate_many(
        self, codes: Iterable[str], *, system: str, url: str | None = None, target_system: str | None = None
    ) -> dict[str, Translation]:
        """$translate many codes, 500 a request; each distinct code once.

        Raises
        ------
        ClientError
            If one cannot be asked; naming it.
        """
        found: dict[str, Translation] = {}
        for chunk, call in batch_calls(codes, system, {"url": url, "targetsystem": target_system}):
            found.update(translations_of_batch(chunk, await self._ask(call)))
        return found

    async def lookup(self, code: str, *, system: str, version: str | None = None, language: str | None = None) -> Json:
        """$lookup: the Parameters as the server sends them."""
        return await self._ask(lookup_call(code, system, {"version": version, "displayLanguage": language}))

    async def validate_code(
        self, code: str, *, system: str, value_set: str | None = None, display: str | None = None
    ) -> Validation:
        """$validate-code, in a value set where one is named."""
        call = validate_call(code, system, {"url": value_set, "display": display})
        return validation_from(await self._ask(call))

    async def expand(
        self, url: str, *, text_filter: str | None = None, language: str | None = None, page: int = _PAGE
    ) -> AsyncIterator[Json]:
        """$expand: every code of a value set, page by page, as `expansion.contains` has it (nested ones in order)."""
        offset = 0
        while True:
            call = expand_call(url, offset, page, {"filter": text_filter, "displayLanguage": language})
            body = await self._ask(call)
            found = list(contains_of(body))
            for item in found:
                yield item
            offset += page
            total = body.get("expansion", {}).get("total")
            if not found or (isinstance(total, int) and offset >= total):
                return

    async def read(self, resource_type: str, fhir_id: str) -> Json:
        """A resource whole; from the cache where the server says that it has not changed."""
        return await self._ask(Call(f"{resource_type}/{fhir_id}"), cached=True)

    async def search(self, resource_type: str, **parameters: str) -> AsyncIterator[Json]:
        """The resources of a search, page by page, following the server's links."""
        call: Call | None = Call(resource_type, parameters)
        while call is not None:
            bundle = await self._ask(call)
            for entry in bundle.get("entry", []):
                if "resource" in entry:
                    yield entry["resource"]
            following = next((link["url"] for link in bundle.get("link", []) if link.get("relation") == "next"), None)
            call = None if following is None else Call(following)

    # -------------------------------------------------------------- files

    async def translate_file(
        self, source: Path | str, target: Path | str, **options: Unpack[FileOptions]
    ) -> FileTranslation:
        """$bulk-translate a CSV, TSV, NDJSON, Parquet or Arrow file; waits until `target` is written. Needs a token.

        Parameters
        ----------
        options
            See `FileOptions`.

        Raises
        ------
        ClientError
            If the server refuses the order or the file, saying what is wrong and where; `target` is as it was.
        """
        talk = translate_file(Path(source), Path(target), options, self._retries)
        reply: Reply | None = None
        begun = ""
        try:
            while True:
                step = next(talk) if reply is None else talk.send(reply)
                reply = await self._do(step)
                begun = reply.headers.get("content-location", begun)
        except StopIteration as done:
            translated: FileTranslation = done.value
            return translated
        except BaseException as error:
            if begun and not isinstance(error, ClientError):  # interrupted: the server need not go on
                await self._do(Step("DELETE", begun))
            raise

    async def _do(self, step: Step) -> Reply:
        if step.wait_s:
            await asyncio.sleep(step.wait_s)
            return Reply()
        try:
            if step.download is not None:
                return await self._download(step.url, step.download)
            content = None if step.upload is None else _chunks(step.upload)
            answer = await self._http.request(step.method, step.url, content=content, headers=step.headers)
        except self._unreachable as error:
            return Reply(reason=str(error))
        return Reply(answer.status_code, dict(answer.headers), _json(answer), answer.reason_phrase)

    async def _download(self, url: str, target: Path) -> Reply:
        """Into a file beside the target first; goes on where an earlier try broke off."""
        beside = target.with_name(f"{target.name}.part")
        etag = self._parts.get(url, "")
        have = beside.stat().st_size if etag and beside.exists() else 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": etag}
        async with self._http.stream("GET", url, headers=headers) as answer:
            if answer.status_code not in (200, 206):
                await answer.aread()
                return Reply(answer.status_code, dict(answer.headers), _json(answer), answer.reason_phrase)
            self._parts[url] = answer.headers.get("etag", "")
            with beside.open("ab" if answer.status_code == 206 else "wb") as file:
                async for chunk in answer.aiter_bytes():
                    file.write(chunk)
        beside.replace(target)
        self._parts.pop(url, None)
        return Reply(answer.status_code, dict(answer.headers))

    # -------------------------------------------------------------- exchange

    async def _ask(self, call: Call, *, cached: bool = False) -> Json:
        kept = self._cache.get(f"{self._http.base_url}{call.url}") if cached and self._cache else None
        for tried in itertools.count():
            status: int | None = None
            headers: dict[str, str] = {}
            try:
                answer = await self._send(call, None if kept is None else kept.etag)
            except self._unreachable as error:
                failure = ClientError(f"{self._http.base_url} cannot be reached: {error}")
            else:
                status, headers = answer.status_code, dict(answer.headers)
                if status == 304 and kept is not None:
                    return kept.resource
                if status < 400:
                    body = read_answer(status, _json(answer), answer.reason_phrase)
                    if cached and self._cache and "etag" in headers:
                        self._cache.put(f"{self._http.base_url}{call.url}", headers["etag"], body)
                    return body
                failure = error_from(status, _json(answer), answer.reason_phrase)
            wait = self._retries.wait_s(tried, status, headers)
            if wait is None:
                raise failure
            await asyncio.sleep(wait)
        raise AssertionError("the loop ends by return or raise")

    async def _send(self, call: Call, etag: str | None) -> httpx.Response:
        headers = dict(call.headers) | ({} if etag is None else {"If-None-Match": etag})
        if call.body is None:
            return await self._http.get(call.url, headers=headers)
        headers["Content-Type"] = "application/fhir+json"
        return await self._http.post(call.url, json=call.body, headers=headers)


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    """A file in pieces."""
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, 1 << 20):
            yield chunk


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
