"""Fuzz the FHIR API: random requests against the application in this process, none of which may end in a 5xx.

    scripts/fuzz --requests 20000 --seed 7

Half of the requests are valid ones with something changed, the others are put together from what clients send: every
operation, every kind of resource, searches, histories, writes with and without a token, patches, Bundles, JSON and XML,
headers and media types. The seed repeats a run exactly; a failing request is printed whole.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import copy
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

BASES = ("/r4", "/r4b", "/r5", "/fhir")
KINDS = ("CodeSystem", "ValueSet", "ConceptMap", "NamingSystem")
OPERATIONS = (
    "ConceptMap/$translate", "CodeSystem/$lookup", "CodeSystem/$validate-code", "CodeSystem/$subsumes",
    "ValueSet/$expand", "ValueSet/$validate-code", "ValueSet/$batch-validate-code", "CodeSystem/$batch-validate-code",
    "NamingSystem/$preferred-id", "ConceptMap/$closure", "$closure", "ConceptMap/$changes", "ConceptMap/$nonsense",
    "ValueSet/$compare",
)  # fmt: skip
NAMES = (
    "url", "system", "code", "version", "coding", "codeableConcept", "sourceCode", "sourceCoding", "sourceSystem",
    "targetCode", "targetCoding", "targetSystem", "targetsystem", "source", "target", "reverse", "dependency", "display",
    "displayLanguage", "filter", "count", "offset", "codeA", "codeB", "codingA", "property", "activeOnly", "valueSet",
    "conceptMap", "conceptMapVersion", "tx-resource", "useSupplement", "system-version", "inferSystem", "context", "date",
    "designation", "excludeNested", "includeDesignations", "exclude-system", "abstract", "name", "id", "type", "concept",
    "check-system-version", "force-system-version", "default-valueset-version", "systemVersion", "valueSetVersion",
    "lenient-display-validation", "valueset-membership-only", "includeDefinition", "excludeNotForUI", "codeSystem",
    "thisUrl", "otherUrl", "thisValueSet", "otherValueSet", "diagnostics", "other", "validation", "profile",
)  # fmt: skip
SEARCHED = (
    "_id", "_lastUpdated", "url", "version", "name", "title", "status", "date", "publisher", "description", "jurisdiction",
    "identifier", "context", "source-code", "target-code", "source-system", "target-system", "source-scope", "other",
    "code", "content-mode", "reference", "value", "kind", "id-type", "_sort", "_count", "_offset", "_summary", "_elements",
    "_total", "_format", "_pretty", "_since", "_at", "_include", "nonsense",
)  # fmt: skip
MODIFIERS = ("", "", "", ":exact", ":contains", ":missing", ":not", ":below", ":above", ":text", ":odd")
TEXTS = (
    "", " ", "true", "false", "0", "-1", "1", "10", "9" * 30, "1e999", "%", "|", "||", "a|b", "a b", "ä", "𝄞", "\x00", "\x1f",
    "\ud800", "null", "[]", "{}", "<a>", "&", "';--", "../..", "$", "#", "*", "http://", "urn:oid:1.2.3", "2024", "ge2024-02",
    "2024-02-31", "en", "sv, *;q=0", "x" * 5000, "url,name,-date", "draft,active", "http://example.org/attributes/sex",
)  # fmt: skip
VALUE_KINDS = (
    "String", "Code", "Uri", "Canonical", "Boolean", "Integer", "Decimal", "Coding", "CodeableConcept", "DateTime",
    "Identifier", "Nonsense", "",
)  # fmt: skip
SLOW_S = 1.0
"""Processor time: on content as small as the samples nothing takes longer."""
TYPES = (
    "application/fhir+json", "application/json", "application/fhir+xml", "text/xml", "text/plain", "", "*/*", "text/html",
    "application/fhir+json; fhirVersion=4.0", "application/fhir+json; fhirVersion=5.0", "application/fhir+xml;fhirVersion=4.3",
    "application/fhir+json; fhirVersion=9", "application/json-patch+json", "application/x-www-form-urlencoded", ";;=,q",
    "application/fhir+json;q=0.1, application/fhir+xml;q=x", "multipart/form-data",
)  # fmt: skip


class Fuzzer:
    """Random requests, by seed.

    Parameters
    ----------
    token
        Of a person who may write.
    known
        Values that are in the database: urls, codes, ids.
    resources
        Valid resources, to be changed.
    """

    def __init__(self, seed: int, token: str, known: list[str], resources: list[dict[str, Any]]) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.token = token
        self.known = known
        self.resources = resources

    def request(self) -> dict[str, Any]:
        """The next request, as httpx takes it."""
        make = self.random.choice((self.query, self.query, self.post, self.post, self.search, self.write, self.write, self.bundle, self.odd))  # fmt: skip  # noqa: E501
        method, path, query, body = make()
        return {
            "method": method,
            "url": self.random.choice(BASES) + path,
            "params": [(name, value) for name, value in query],
            "content": body,
            "headers": self.headers(body),
        }

    def headers(self, body: bytes) -> list[tuple[str, bytes]]:
        """Headers, mostly what a client sends."""
        pick = self.random
        made: list[tuple[str, str]] = []
        if pick.random() < 0.7:
            made.append(("Authorization", f"Bearer {self.token}" if pick.random() < 0.9 else self.text()))
        if body:
            usual = "application/fhir+xml" if body.lstrip()[:1] == b"<" else "application/fhir+json"
            made.append(("Content-Type", usual if pick.random() < 0.85 else pick.choice(TYPES)))
        for name in (
            "Accept",
            "Accept-Language",
            "If-Match",
            "If-None-Match",
            "If-None-Exist",
            "If-Modified-Since",
            "Prefer",
        ):
            if pick.random() < 0.08:
                usual = {
                    "Accept": pick.choice(TYPES),
                    "If-Match": 'W/"1"',
                    "If-None-Match": "*",
                    "Prefer": "return=minimal",
                }
                made.append((name, usual.get(name, self.text()) if pick.random() < 0.7 else self.text()))
        return [(name, _header(value)) for name, value in made]

    def text(self) -> str:
        """A text: half of the time one that the database knows."""
        pick = self.random
        return pick.choice(self.known) if pick.random() < 0.6 else pick.choice(TEXTS)

    def json(self, depth: int = 0) -> Any:
        """Any JSON."""
        pick = self.random
        kind = pick.randrange(10 if depth < 4 else 6)
        if kind < 3:
            return self.text()
        if kind < 6:
            return pick.choice((None, True, False, 0, -1, 2**31, 10**25, 1.5, 1e-7))
        if kind < 8:
            return [self.json(depth + 1) for _ in range(pick.randrange(3))]
        names = (
            "system",
            "code",
            "coding",
            "url",
            "value",
            "resourceType",
            "group",
            "element",
            "target",
            "compose",
            "id",
            "include",
        )
        return {pick.choice(names): self.json(depth + 1) for _ in range(pick.randrange(4))}

    def resource(self) -> Any:
        """A valid resource with something changed, or not."""
        made = copy.deepcopy(self.random.choice(self.resources))
        for _ in range(self.random.randrange(4)):
            self.change(made)
        return made

    def change(self, value: Any) -> None:
        """Change one member somewhere below."""
        pick = self.random
        while True:
            keys = list(value) if isinstance(value, dict) else list(range(len(value)))
            if not keys:
                return
            key = pick.choice(keys)
            inner = value[key]
            if isinstance(inner, dict | list) and inner and pick.random() < 0.75:
                value = inner
                continue
            how = pick.randrange(5)
            if how == 0:
                del value[key]
            elif how == 1:
                value[key] = self.json()
            elif how == 2 and isinstance(value, dict):
                value[pick.choice(("nonsense", "_" + str(key), "extension", "id", "noMap"))] = self.json()
            elif how == 3 and isinstance(inner, str):
                value[key] = self.text()
            else:
                value[key] = [inner]
            return

    def body(self, value: Any) -> bytes:
        """Bytes of a JSON value: JSON, XML, or damaged."""
        from termserver.fhir.versions import FhirVersion
        from termserver.fhir.xml_writer import write_xml

        pick = self.random
        made = json.dumps(value).encode()
        if pick.random() < 0.2 and isinstance(value, dict):
            with contextlib.suppress(Exception):
                made = write_xml(value, pick.choice((FhirVersion.R4, FhirVersion.R5)))
        if pick.random() < 0.1 and made:
            place = pick.randrange(len(made))
            damage = pick.choice((b"", b"\x00", b"\xff", b"}", b"<", b'"', b"&x;", b"[" * 3000, b"<!DOCTYPE a>"))
            made = made[:place] + damage + made[place + pick.randrange(3) :]
        return made

    def query(self) -> tuple[str, str, list[tuple[str, str]], bytes]:
        """A GET of an operation."""
        pick = self.random
        query = [(pick.choice(NAMES), self.text()) for _ in range(pick.randrange(6))]
        return pick.choice(("GET", "GET", "HEAD")), self.operation(), query, b""

    def operation(self) -> str:
        """Path of an operation, at type or instance level."""
        kind, _, name = self.random.choice(OPERATIONS).rpartition("/")
        instance = f"/{self.segment()}" if self.random.random() < 0.15 else ""
        return f"/{kind}{instance}/{name}" if kind else f"/{name}"

    def segment(self) -> str:
        """A path segment."""
        from urllib.parse import quote

        return quote(self.text()[:200].encode("utf-8", "replace"), safe="")

    def parameters(self) -> dict[str, Any]:
        """A Parameters resource."""
        pick = self.random
        listed: list[Any] = []
        for _ in range(pick.randrange(6)):
            item: dict[str, Any] = {"name": pick.choice(NAMES)}
            kind = pick.choice(VALUE_KINDS)
            if kind == "Coding":
                item["valueCoding"] = {"system": self.text(), "code": self.text(), **({} if pick.random() < 0.8 else {"version": self.json()})}  # fmt: skip  # noqa: E501
            elif kind == "CodeableConcept":
                item["valueCodeableConcept"] = {"coding": [{"system": self.text(), "code": self.text()}]}
            elif kind:
                item[f"value{kind}"] = self.text() if pick.random() < 0.7 else self.json()
            elif pick.random() < 0.5:
                item["resource"] = self.resource()
                item["name"] = pick.choice(("tx-resource", "valueSet", "codeSystem", "conceptMap"))
            else:
                item["part"] = self.json()
            listed.append(item)
        return {"resourceType": "Parameters", "parameter": listed}

    def post(self) -> tuple[str, str, list[tuple[str, str]], bytes]:
        """A POST of an operation."""
        value = self.parameters() if self.random.random() < 0.9 else self.json()
        return "POST", self.operation(), [], self.body(value)

    def search(self) -> tuple[str, str, list[tuple[str, str]], bytes]:
        """A search or a history."""
        pick = self.random
        query = [(pick.choice(SEARCHED) + pick.choice(MODIFIERS), self.text()) for _ in range(pick.randrange(4))]
        path = pick.choice((f"/{pick.choice(KINDS)}", f"/{pick.choice(KINDS)}/_history", "/_history", "/metadata", f"/{pick.choice(KINDS)}/_search"))  # fmt: skip  # noqa: E501
        return "GET", path, query, b""

    def write(self) -> tuple[str, str, list[tuple[str, str]], bytes]:
        """A create, update, patch or delete."""
        pick = self.random
        resource = self.resource()
        kind = resource.get("resourceType") if isinstance(resource.get("resourceType"), str) else "ConceptMap"
        method = pick.choice(("POST", "PUT", "PUT", "PATCH", "DELETE", "GET"))
        path = f"/{kind if kind in KINDS else 'ConceptMap'}"
        query = [(pick.choice(SEARCHED), self.text())] if pick.random() < 0.2 else []
        if method not in ("POST",) and not query:
            path += f"/{resource['id'] if isinstance(resource.get('id'), str) and resource['id'].isalnum() else self.segment()}"
            if pick.random() < 0.1:
                path += pick.choice(("/_history", "/_history/1", "/_history/x", "/$nonsense", "/a/b"))
        if method == "PATCH" and pick.random() < 0.7:
            return method, path, query, self.body(self.patch())
        return method, path, query, b"" if method == "DELETE" else self.body(resource)

    def patch(self) -> Any:
        """A JSON Patch."""
        pick = self.random
        pointers = (
            "/status",
            "/title",
            "/group/0/element/0/code",
            "/group/-",
            "/nope",
            "",
            "/concept/0",
            "x",
            "/meta/tag/0",
        )
        return [
            {"op": pick.choice(("add", "remove", "replace", "move", "copy", "test", "x")), "path": pick.choice(pointers),
             "from": pick.choice(pointers), "value": self.json()}
            for _ in range(pick.randrange(4))
        ]  # fmt: skip

    def bundle(self) -> tuple[str, str, list[tuple[str, str]], bytes]:
        """A batch or transaction."""
        pick = self.random
        entries: list[Any] = []
        for _ in range(pick.randrange(4)):
            resource = self.resource() if pick.random() < 0.6 else self.parameters()
            url = pick.choice(
                (self.operation()[1:], str(resource.get("resourceType")), f"ConceptMap/{self.text()}", self.text())
            )
            entry: dict[str, Any] = {
                "request": {"method": pick.choice(("GET", "POST", "PUT", "DELETE", "PATCH", "X")), "url": url}
            }
            if pick.random() < 0.7:
                entry["resource"] = resource
            if pick.random() < 0.1:
                entry["fullUrl"] = self.json()
            if pick.random() < 0.1:
                entry["request"][pick.choice(("ifMatch", "ifNoneExist", "ifNoneMatch"))] = self.json()
            entries.append(entry)
        bundle: Any = {
            "resourceType": "Bundle",
            "type": pick.choice(("batch", "batch", "transaction", "x")),
            "entry": entries,
        }
        if pick.random() < 0.2:
            self.change(bundle)
        return "POST", "", [], self.body(bundle)

    def odd(self) -> tuple[str, str, list[tuple[str, str]], bytes]:
        """Any path with any method."""
        pick = self.random
        path = "".join(f"/{pick.choice((*KINDS, '$versions', 'metadata', self.segment(), self.segment()))}" for _ in range(pick.randrange(4)))  # fmt: skip  # noqa: E501
        return pick.choice(("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")), path, [], pick.choice((b"", self.body(self.json())))  # fmt: skip  # noqa: E501


def _header(text: str) -> bytes:
    """A header value as a client can send it: HTTP servers refuse control characters before we see them."""
    return "".join(c for c in text if c >= " ")[:4000].encode("utf-8", "replace")


async def run(app: Any, fuzzer: Fuzzer, requests: int) -> tuple[Counter[int], list[str]]:
    """Send that many requests; counts by status, and the requests that were answered with a 5xx, or took longer than they may."""
    import httpx

    counts: Counter[int] = Counter()
    failures: list[str] = []
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://fuzz") as client:
        for _ in range(requests):
            asked = fuzzer.request()
            asked["params"] = [(n, v.encode("utf-8", "replace").decode()) for n, v in asked["params"]]
            begun, worked = time.perf_counter(), time.process_time()
            response = await client.request(**asked)
            took_s, worked_s = time.perf_counter() - begun, time.process_time() - worked
            counts[response.status_code] += 1
            if response.status_code >= 500 or worked_s > SLOW_S or took_s > 20:
                failures.append(f"{response.status_code} in {took_s:.1f} s: {asked}\n    {response.text[:600]}")
    return counts, failures


def open_app(folder: Path, database: Any) -> tuple[Any, Fuzzer]:
    """The application over the tests' sample content, and what is needed for a fuzzer of it."""
    from starlette.applications import Starlette

    from termserver.model.person import Role
    from termserver.rest.hot import HotPath
    from termserver.rest.routes import build_routes
    from termserver.security.sign_in import issue_token
    from termserver.settings import Settings
    from termserver.store.people import add_person
    from termserver.terminology.service import Terminology
    from tests.unit.fhir import builders
    from tests.unit.rest import writing

    builders.fill(database)
    with database.session(write=True) as session:
        person = add_person(session, login="fuzz", name="Fuzz", role=Role.ADMINISTRATOR, password_hash="x")  # noqa: S106
        token = issue_token(session, person, hours=24)
    settings = Settings(data=folder, body_limit_mb=1)
    terminology = Terminology(database, settings)
    app = HotPath(Starlette(routes=build_routes(database, settings, terminology=terminology)), terminology)
    known = [
        builders.ICD, builders.LOCAL, builders.LAB, builders.MAP, builders.MAP_LAB, builders.VALUE_SET, "I21", "I21.9", "HI",
        "HIU", "HYP", "2019", "1.0", "localtoicd-1.0", "icd10-2019", "infarction-1.0", "m", "v", "s", f"{builders.ICD}|I21",
        f"{builders.ICD}|2019", f"{builders.ICD}?fhir_vs", f"{builders.MAP}|1.0", "http://a.example/m",
    ]  # fmt: skip
    infarction = {"system": builders.ICD, "filter": [{"property": "concept", "op": "is-a", "value": "I21"}]}
    resources = [
        writing.concept_map(id="m"), writing.concept_map("2", id="m", status="active"), writing.code_system(id="s"),
        writing.code_system(id="s", status="draft", property=[{"code": "p", "type": "string"}]),
        writing.code_system(id="w", url="http://a.example/w", property=[{"code": "w", "type": "decimal"}], concept=[
            {"code": "a", "property": [{"code": "w", "valueDecimal": 1.5}]}]), writing.value_set(id="v"),
        writing.value_set(id="v", status="draft", compose={"include": [infarction]}),
        writing.naming_system(id="n"),
    ]  # fmt: skip
    return app, Fuzzer(0, token, known, resources)


def main() -> int:
    """Run, print counts and failures; 1 if there is a failure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", help="SQLAlchemy URL of an empty database; SQLite where absent.")
    options = parser.parse_args()
    import logging

    from termserver.store.engine import Database

    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(options.database or f"sqlite:///{folder}/fuzz.sqlite3")
        database.upgrade()
        app, fuzzer = open_app(Path(folder), database)
        fuzzer.random.seed(options.seed)
        begun = time.perf_counter()
        counts, failures = asyncio.run(run(app, fuzzer, options.requests))
    listed = ", ".join(f"{status}: {count}" for status, count in sorted(counts.items()))
    print(f"{options.requests} requests in {time.perf_counter() - begun:.0f} s, seed {options.seed}: {listed}")
    for failure in failures[:20]:
        print(failure)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
