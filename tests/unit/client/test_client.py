"""The client against a server of its own making, and against ours."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from termserver.app import create_app
from termserver.client import AsyncClient, Client, ClientError, ResourceCache
from termserver.client.exchange import Retries
from termserver.settings import Settings
from termserver.store.concept_maps import add_concept_map
from termserver.store.engine import Database
from tests.unit.bulk.conftest import LOCAL, URL, a_map

QUICK = Retries(most=2, first_wait_s=0.001)
OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "not-found", "details": {"text": "no such map"}}],
}
NOTHING = {"resourceType": "Parameters", "parameter": [{"name": "result", "valueBoolean": False}]}


def client(handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> Client:
    return Client("http://server/r4", transport=httpx.MockTransport(handler), retries=QUICK, **options)


def answers(*found: httpx.Response) -> tuple[Callable[[httpx.Request], httpx.Response], list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return found[min(len(asked), len(found)) - 1]

    return handler, asked


def test_a_busy_server_is_asked_again() -> None:
    handler, asked = answers(
        httpx.Response(503), httpx.Response(429, headers={"retry-after": "0"}), httpx.Response(200, json=NOTHING)
    )
    with client(handler) as server:
        assert server.translate("A", system="s").result is False
    assert len(asked) == 3


def test_an_error_of_the_client_is_not_tried_again() -> None:
    handler, asked = answers(httpx.Response(404, json=OUTCOME))
    with client(handler) as server, pytest.raises(ClientError, match="404: no such map") as raised:
        server.translate("A", system="s", url="http://x")
    assert (raised.value.status, raised.value.issues) == (404, (("error", "not-found", "no such map"),))
    assert len(asked) == 1


def test_a_server_that_stays_away_is_an_error_after_all_tries() -> None:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        raise httpx.ConnectError("refused")

    with client(handler) as server, pytest.raises(ClientError, match="cannot be reached: refused"):
        server.lookup("A", system="s")
    assert len(asked) == 3


def test_an_answer_that_is_no_json_is_an_error() -> None:
    handler, _ = answers(httpx.Response(200, text="<html>"))
    with client(handler) as server, pytest.raises(ClientError, match="the answer is no FHIR resource"):
        server.lookup("A", system="s")


def test_a_token_is_sent() -> None:
    handler, asked = answers(httpx.Response(200, json=NOTHING))
    with client(handler, token="secret") as server:
        server.translate("A", system="s")
    assert asked[0].headers["authorization"] == "Bearer secret"


def test_a_kept_resource_is_asked_for_by_its_etag(tmp_path: Path) -> None:
    resource = {"resourceType": "ConceptMap", "id": "x"}
    handler, asked = answers(httpx.Response(200, json=resource, headers={"etag": 'W/"1"'}), httpx.Response(304))
    for _ in range(2):
        with client(handler, cache=ResourceCache(tmp_path)) as server:
            assert server.read("ConceptMap", "x") == resource
    assert [request.headers.get("if-none-match") for request in asked] == [None, 'W/"1"']


def test_a_damaged_cache_file_is_as_none(tmp_path: Path) -> None:
    cache = ResourceCache(tmp_path)
    cache.put("u", "e", {"a": 1})
    next(tmp_path.iterdir()).write_text("{")
    assert cache.get("u") is None


def test_a_search_follows_the_links() -> None:
    first = {
        "resourceType": "Bundle",
        "entry": [{"resource": {"id": "a"}}],
        "link": [{"relation": "next", "url": "http://server/r4/ConceptMap?page=2"}],
    }
    handler, asked = answers(
        httpx.Response(200, json=first),
        httpx.Response(200, json={"resourceType": "Bundle", "entry": [{"resource": {"id": "b"}}]}),
    )
    with client(handler) as server:
        assert [found["id"] for found in server.search("ConceptMap", name="x")] == ["a", "b"]
    assert asked[1].url.query == b"page=2"


def test_an_expansion_is_read_page_by_page_with_what_is_nested() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        contains = {0: [{"code": "A", "contains": [{"code": "B"}]}], 2: [{"code": "C"}]}[offset]
        return httpx.Response(200, json={"resourceType": "ValueSet", "expansion": {"total": 3, "contains": contains}})

    with client(handler) as server:
        assert [item["code"] for item in server.expand("http://x", page=2)] == ["A", "B", "C"]


def test_a_failed_entry_of_a_batch_names_its_code() -> None:
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"response": {"status": "200"}, "resource": NOTHING},
            {"response": {"status": "404 Not Found", "outcome": OUTCOME}},
        ],
    }
    handler, _ = answers(httpx.Response(200, json=bundle))
    with client(handler) as server, pytest.raises(ClientError, match="404: no such map"):
        server.translate_many(["A", "B"], system="s")


@pytest.mark.parametrize("version", ["r4", "r5"])
def test_our_server_is_understood(database: Database, tmp_path: Path, version: str) -> None:
    with database.session(write=True) as session:
        add_concept_map(session, a_map("1"))
    app = create_app(Settings(data=tmp_path), database)

    async def talk() -> None:
        async with AsyncClient(f"http://server/{version}", transport=httpx.ASGITransport(app)) as server:
            one = await server.translate("HYP", system=LOCAL, url=URL)
            assert one.best is not None
            assert (one.best.code, one.best.origin_map) == ("N85.0", f"{URL}|1")
            assert len(one.matches) == 2
            many = await server.translate_many(["HI", "SEX", "NEW", "MISC", "HI"], system=LOCAL, url=URL)
            assert {code: found.best.code if found.best else None for code, found in many.items()} == {
                "HI": "I21.9", "SEX": None, "NEW": None, "MISC": None,
            }  # fmt: skip
            assert all(match.depends_on for match in many["SEX"].matches)
            maps = [found async for found in server.search("ConceptMap", url=URL)]
            assert [found["url"] for found in maps] == [URL]
            with pytest.raises(ClientError, match="404"):
                await server.translate("HI", system=LOCAL, url="http://none")

    asyncio.run(talk())


def test_the_twins_say_the_same() -> None:
    folder = Path(__file__).parents[3] / "termserver" / "client"
    waiting, awaiting = ((folder / name).read_text() for name in ("client.py", "async_client.py"))
    for pattern, plain in (
        (r"\basync |\bawait ", ""), (r"Async(?=Client|Iterator|BaseTransport)", ""), (r"__a(?=enter__|exit__)", "__"),
        (r"\baclose\b", "close"), (r"\ba(?=read\b|iter_bytes\b)", ""), (r"asyncio.to_thread\(file.read, ", "file.read("),
            (r"\basyncio\b", "time"), (r"for item in found:\s+yield item", "yield from found"),
    ):  # fmt: skip
        awaiting = re.sub(pattern, plain, awaiting)

    def words(text: str) -> list[str]:
        code = re.sub(r"^(import|from collections).*", "", text.split("from __future__", 1)[1], flags=re.MULTILINE)
        return re.sub(r"[\s,]+", " ", code.replace("(", " ( ").replace(")", " ) ")).split()

    assert words(awaiting) == words(waiting)
