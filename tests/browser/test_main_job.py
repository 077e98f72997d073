"""The main job in a real browser, from an empty server to an answer of `$translate`."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from termserver.store.engine import Database
from tests.browser.conftest import running_server
from tests.browser.seed import ICD, PASSWORD, TERMS, seed_content

pytestmark = pytest.mark.browser


def list_file(folder: Path) -> Path:
    path = folder / "diagnoser_2026.csv"
    lines = ["Kod;Benämning;Antal;Klinik", *(f"{code};{term};{count};Medicin" for code, term, count, _ in TERMS)]
    path.write_bytes("\r\n".join(lines).encode("cp1252"))
    return path


def sign_in(page: Page, login: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/projects")


def make_person(page: Page, login: str, name: str, role: str) -> None:
    page.goto("/people")
    panel = page.locator("form", has=page.get_by_role("button", name="Make the login"))
    panel.get_by_label("Name", exact=True).fill(name)
    panel.get_by_label("Login").fill(login)
    panel.get_by_label("First password").fill(PASSWORD)
    panel.get_by_label("Role").select_option(role)
    panel.get_by_role("button", name="Make the login").click()
    expect(page.get_by_role("status")).to_contain_text(f"can sign in as '{login}'")


def translate(address: str, source: str, code: str) -> dict[str, object]:
    query = urlencode({"system": source, "code": code, "targetsystem": ICD})
    with urlopen(f"{address}/r4/ConceptMap/$translate?{query}") as response:
        answer: dict[str, object] = json.load(response)
    return answer


def test_a_local_list_becomes_a_served_map(chromium: Browser, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    database = Database(f"sqlite:///{data.absolute() / 'termserver.sqlite3'}")
    database.upgrade()
    seed_content(database)
    with running_server(data) as address:
        mapper = chromium.new_context(base_url=address).new_page()
        mapper.set_default_timeout(15_000)

        # the first start: nobody can sign in yet
        mapper.goto("/")
        expect(mapper.get_by_role("heading", name="Create the administrator")).to_be_visible()
        mapper.get_by_label("Your name").fill("Anna Lind")
        mapper.get_by_label("Login").fill("anna")
        mapper.get_by_label("Password", exact=True).fill(PASSWORD)
        mapper.get_by_label("Password again").fill(PASSWORD)
        mapper.get_by_role("button", name="Create the administrator").click()
        expect(mapper.get_by_role("heading", name="No source list yet")).to_be_visible()
        make_person(mapper, "bo", "Bo Ek", "publisher")

        # upload: file, columns, rows
        mapper.goto("/projects")
        mapper.get_by_role("link", name="New source list").first.click()
        mapper.locator("#file").set_input_files(list_file(tmp_path))
        mapper.get_by_role("button", name="Go on").click()
        expect(mapper.get_by_role("cell", name="Förmaksflimmer", exact=True)).to_be_visible()
        expect(mapper.get_by_label("Meaning of Kod")).to_have_value("code")
        expect(mapper.get_by_label("Meaning of Benämning")).to_have_value("term")
        expect(mapper.get_by_label("Meaning of Antal")).to_have_value("frequency")
        mapper.get_by_label("Title").fill("Diagnoser")
        mapper.get_by_label("Canonical URL").fill("https://termserver.example/CodeSystem/diagnoser")
        mapper.get_by_label("Language of the terms").select_option("sv")
        mapper.get_by_role("checkbox", name="ICD-10").check()
        mapper.get_by_role("button", name="Check the rows").click()
        expect(mapper.get_by_text("6 will be stored")).to_be_visible()
        mapper.get_by_role("button", name="Make the project").click()
        expect(mapper.get_by_role("heading", name="Diagnoser")).to_be_visible()
        expect(mapper.locator(".job")).to_contain_text("Done", timeout=60_000)

        # decisions by keyboard: what the engine offers first, and one without target
        mapper.get_by_role("link", name="Review 6 rows").click()
        expect(mapper.locator("#row-h")).to_have_text("Akut hjärtinfarkt UNS")
        right = mapper.locator('#cands .cand[data-code="I21.9"] [data-number]').get_attribute("data-number")
        assert right is not None
        mapper.keyboard.press("=")
        mapper.keyboard.press(right)
        for _, term, _, _ in TERMS[1:5]:
            expect(mapper.locator("#row-h")).to_have_text(term)
            mapper.keyboard.press("1")
        expect(mapper.locator("#row-h")).to_have_text(TERMS[5][1])
        mapper.keyboard.press("n")
        mapper.keyboard.press("2")
        expect(mapper.get_by_role("heading", name="All rows are decided")).to_be_visible()

        # the second person approves and publishes
        reviewer = chromium.new_context(base_url=address).new_page()
        reviewer.set_default_timeout(15_000)
        sign_in(reviewer, "bo")
        reviewer.goto("/projects/diagnoser/review?status=decided")
        for _, term, _, _ in TERMS:
            expect(reviewer.locator("#row-h")).to_have_text(term)
            reviewer.keyboard.press("a")
        expect(reviewer.get_by_role("heading", name="No rows left in this filter")).to_be_visible()
        reviewer.get_by_role("link", name="Publish").first.click()
        for field in reviewer.locator("input[name^=waive_]").all():
            field.fill("Checked by two people.")
        reviewer.get_by_role("textbox", name="Version", exact=True).fill("2026.1")
        reviewer.get_by_role("button", name="Publish", exact=True).click()
        expect(reviewer.get_by_role("status").first).to_contain_text("Version 2026.1 is published")

        # the map answers
        answer = translate(address, "https://termserver.example/CodeSystem/diagnoser", "D1")
        assert "I21.9" in json.dumps(answer)
        with reviewer.expect_download() as downloading:
            reviewer.get_by_role("link", name="CSV").first.click()
        assert "I21.9" in downloading.value.path().read_text(encoding="utf-8-sig")
    database.close()
