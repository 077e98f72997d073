"""A client that may write, and resources to be written."""

from __future__ import annotations

from typing import Any

import httpx

from termserver.model.person import Role
from termserver.security.sign_in import issue_token
from termserver.settings import Settings
from termserver.store.engine import Database
from termserver.store.people import add_person
from tests.unit.rest.client import FhirClient


class WritingClient(FhirClient):
    """Asks with a person's token."""

    def __init__(self, database: Database, settings: Settings, role: Role = Role.ADMINISTRATOR) -> None:
        super().__init__(database, settings)
        self.database = database
        with database.session(write=True) as session:
            person = add_person(session, login=role.value, name="Anna", role=role, password_hash="x")
            self.token = issue_token(session, person, hours=1)

    def write(self, method: str, path: str, body: object = None, /, **headers: str) -> httpx.Response:
        """A request with the token; header names with `_` for `-`."""
        sent = {"Authorization": f"Bearer {self.token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask(method, path, json=body, headers=sent)


def concept_map(version: str = "1.0", *, status: str = "draft", target: str = "b", **more: Any) -> dict[str, Any]:
    """An R4 map of one element."""
    return {
        "resourceType": "ConceptMap",
        "url": "http://a.example/m",
        "version": version,
        "name": "M",
        "status": status,
        "group": [
            {
                "source": "http://a.example/s",
                "target": "http://a.example/t",
                "element": [{"code": "a", "target": [{"code": target, "equivalence": "equivalent"}]}],
            }
        ],
    } | more


def code_system(version: str = "1.0", *, status: str = "active", display: str = "one", **more: Any) -> dict[str, Any]:
    """A code system of one concept."""
    return {
        "resourceType": "CodeSystem",
        "url": "http://a.example/s",
        "version": version,
        "name": "S",
        "status": status,
        "content": "complete",
        "concept": [{"code": "a", "display": display}],
    } | more


def value_set(version: str = "1.0", *, status: str = "active", **more: Any) -> dict[str, Any]:
    """All of the code system."""
    return {
        "resourceType": "ValueSet",
        "url": "http://a.example/v",
        "version": version,
        "name": "V",
        "status": status,
        "compose": {"include": [{"system": "http://a.example/s"}]},
    } | more


def naming_system(**more: Any) -> dict[str, Any]:
    """An OID and a URI of the code system."""
    return {
        "resourceType": "NamingSystem",
        "name": "S",
        "status": "active",
        "kind": "codesystem",
        "date": "2026-11-22",
        "uniqueId": [
            {"type": "oid", "value": "1.2.3"},
            {"type": "uri", "value": "http://a.example/s", "preferred": True},
        ],
    } | more
