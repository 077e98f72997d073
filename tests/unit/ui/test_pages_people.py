"""Logins, roles, one's own password, the guides."""

from __future__ import annotations

from collections.abc import Callable

from termserver.model.person import Role
from termserver.ui.pages_docs import render_markdown
from tests.unit.ui.conftest import PASSWORD, Visitor

Visit = Callable[..., Visitor]


def test_the_administrator_makes_and_closes_logins(visit: Visit) -> None:
    anna = visit("anna", Role.ADMINISTRATOR)
    form = {"name": "Bo Ek", "login": "Bo", "password": "correct horse", "role": "reviewer"}
    assert "can sign in as &#39;bo&#39;" in anna.post("/people", form).text
    assert anna.post("/people", form).status_code == 409
    assert anna.post("/people", {**form, "login": "b", "role": "king"}).status_code == 400
    assert "is changed" in anna.post("/people/bo", {"role": "mapper", "active": "0"}).text
    assert visit().post("/sign-in", {"login": "bo", "password": "correct horse"}).status_code == 401


def test_the_last_administrator_stays(visit: Visit) -> None:
    anna = visit("anna", Role.ADMINISTRATOR)
    answer = anna.post("/people/anna", {"role": "mapper", "active": "1"})
    assert answer.status_code == 409
    assert "last administrator" in answer.text


def test_only_the_administrator_sees_the_people(visit: Visit) -> None:
    bo = visit("bo", Role.PUBLISHER)
    assert bo.get("/people").status_code == 403
    assert bo.post("/people/bo", {"role": "administrator", "active": "1"}).status_code == 403


def test_a_person_changes_their_own_password(visit: Visit) -> None:
    cia = visit("cia")
    new = "another long password"
    assert cia.post("/account", {"old": PASSWORD, "new": new, "again": "x"}).status_code == 400
    assert cia.post("/account", {"old": "wrong", "new": new, "again": new}).status_code == 400
    assert cia.post("/account", {"old": PASSWORD, "new": new, "again": new}).status_code == 303
    assert cia.get("/projects").status_code == 200
    assert visit().post("/sign-in", {"login": "cia", "password": new}).status_code == 303


def test_html_and_scripts_in_a_guide_are_text() -> None:
    made = render_markdown("<script>x</script> [a](javascript:alert(1)) **b**")
    assert "<script>" not in made
    assert 'href="javascript' not in made
    assert "<strong>b</strong>" in made


def test_a_guide_outside_the_folder_is_not_found(visit: Visit) -> None:
    nobody = visit()
    assert nobody.get("/docs/terminologists").status_code == 200
    assert nobody.get("/docs/terminologists.md").status_code == 200
    assert nobody.get("/docs/%2e%2e/settings").status_code == 404
    assert nobody.get("/docs/pictures/%2e%2e%2fterminologists.md").status_code == 404
