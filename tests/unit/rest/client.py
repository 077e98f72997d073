"""A client of the FHIR routes in this process."""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

import httpx
from starlette.applications import Starlette

from termserver.rest.hot import HotPath
from termserver.rest.routes import build_routes
from termserver.settings import Settings
from termserver.store.engine import Database
from termserver.terminology.service import Terminology

BASES = ("/r4", "/r4b", "/r5", "/fhir")


def check_by_models(response: httpx.Response) -> None:
    """Every OperationOutcome and Parameters that a test sees parses with fhir.resources (R4B for R4 and R4B)."""
    content_type = response.headers.get("content-type", "")
    if not content_type.startswith("application/fhir+json") or not response.content:
        return
    kind = response.json().get("resourceType")
    if kind not in ("OperationOutcome", "Parameters"):
        return
    package = "fhir.resources" if "fhirVersion=5.0" in content_type else "fhir.resources.R4B"
    model = getattr(importlib.import_module(f"{package}.{kind.lower()}"), kind)
    model.model_validate_json(response.content)


class FhirClient:
    """Asks the routes as HTTP would; errors of the application are answers, not exceptions."""

    def __init__(self, database: Database, settings: Settings) -> None:
        terminology = Terminology(database, settings)
        self.app = HotPath(Starlette(routes=build_routes(database, settings, terminology=terminology)), terminology)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, **options)

        response = asyncio.run(send())
        check_by_models(response)
        return response

    def get(self, path: str, headers: dict[str, str] | None = None, **query: str | list[str]) -> httpx.Response:
        """A GET; query names may be written with `__` for `-`."""
        return self.ask(
            "GET", path, params={k.replace("__", "-"): v for k, v in query.items()} or None, headers=headers
        )

    def post(self, path: str, body: object, headers: dict[str, str] | None = None) -> httpx.Response:
        """A POST of JSON."""
        return self.ask("POST", path, json=body, headers=headers)


def parameters(**values: Any) -> dict[str, Any]:
    """A Parameters resource; a name ends with its type: `url_Uri`, `coding_Coding`, `valueSet_resource`."""
    listed = []
    for name, value in values.items():
        bare, _, kind = name.rpartition("_")
        listed.append({"name": bare, **({"resource": value} if kind == "resource" else {f"value{kind}": value})})
    return {"resourceType": "Parameters", "parameter": listed}


def value(answer: dict[str, Any], name: str) -> Any:
    """The value of a parameter, or None."""
    for item in answer["parameter"]:
        if item["name"] == name:
            return next((content for key, content in item.items() if key.startswith("value")), None)
    return None


def matches(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The matches of $translate: part name → value (the last of that name), parts as lists under `…s`."""
    found = []
    for item in answer["parameter"]:
        if item["name"] != "match":
            continue
        one: dict[str, Any] = {}
        for part in item["part"]:
            if "part" in part:
                inner = {p["name"]: next(v for k, v in p.items() if k.startswith("value")) for p in part["part"]}
                one.setdefault(part["name"] + "s", []).append(inner)
            else:
                one[part["name"]] = next(content for key, content in part.items() if key.startswith("value"))
        found.append(one)
    return found


def codes(answer: dict[str, Any]) -> list[str]:
    """The codes of the matches."""
    return [match["concept"]["code"] for match in matches(answer) if "concept" in match]


def outcome(response: httpx.Response) -> str:
    """The text of the first issue; the answer must be an OperationOutcome."""
    body = response.json()
    assert body["resourceType"] == "OperationOutcome", body
    text: str = body["issue"][0]["details"]["text"]
    return text
