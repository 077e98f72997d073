"""The upload without a browser: bounds, faults, masks, and nothing half-stored."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import openpyxl
import pytest

from termserver.settings import Settings
from termserver.store.engine import Database
from tests import builders
from tests.unit.ui.conftest import Visitor

Visit = Callable[..., Visitor]
LIST = "Kod;Benämning;Antal\r\nA1;Förmaksflimmer;12\r\nA2;Hjärtsvikt;7\r\n"


def send(visitor: Visitor, content: bytes, name: str = "list.csv") -> str:
    answer = visitor.client.post(
        "/upload", data={"csrf": visitor.token()}, files={"file": (name, content)}, follow_redirects=False
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def form(**changes: object) -> dict[str, object]:
    return {
        "title": "Diagnoser",
        "version": "1",
        "source_url": "https://termserver.example/CodeSystem/d",
        "language": "sv",
        "column": ["Kod", "Benämning", "Antal"],
        "role": ["code", "term", "frequency"],
        "target": [builders.ICD],
        **changes,
    }


@pytest.fixture
def mapper(visit: Visit, sqlite_database: Database) -> Visitor:
    with sqlite_database.session(write=True) as session:
        builders.icd(session)
    return visit("cia")


def test_a_list_becomes_a_project(mapper: Visitor, settings_of_pages: Settings) -> None:
    place = send(mapper, LIST.encode("cp1252"))
    page = mapper.get(place).text
    assert "Förmaksflimmer" in page
    assert "Windows-1252" in page
    assert "2 will be stored" in mapper.post(f"{place}/check", form()).text
    stored = mapper.post(f"{place}/store", form(), **{"hx-request": "true"})
    assert stored.headers["hx-redirect"] == "/projects/diagnoser"
    assert "Diagnoser" in mapper.get("/projects").text
    assert list(settings_of_pages.uploads_folder().iterdir()) == []
    assert mapper.get(place).status_code == 404


def test_a_spreadsheet_offers_its_sheets(mapper: Visitor) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Diagnoser"
    for row in (["Kod", "Benämning"], ["A1", "Förmaksflimmer"], ["A2", "Hjärtsvikt"]):
        sheet.append(row)
    book.create_sheet("Annat").append(["x", "y"])
    file = io.BytesIO()
    book.save(file)
    page = mapper.get(send(mapper, file.getvalue(), "list.xlsx")).text
    assert "Spreadsheet" in page
    assert "Annat" in page


def test_a_fhir_code_system_needs_no_columns(mapper: Visitor) -> None:
    content = (
        b'{"resourceType":"CodeSystem","url":"https://termserver.example/CodeSystem/x","version":"2","status":"active",'
        b'"content":"complete","concept":[{"code":"A1","display":"Atrial fibrillation"}]}'
    )
    place = send(mapper, content, "codes.json")
    assert "A FHIR CodeSystem says itself what is what" in mapper.get(place).text
    columns = {"column": ["code", "display", "designations"], "role": ["code", "term", "term:"]}
    assert "1 will be stored" in mapper.post(f"{place}/check", form(**columns)).text


def test_too_large_a_file_is_refused_before_it_is_read_whole(mapper: Visitor, settings_of_pages: Settings) -> None:
    answer = mapper.client.post(
        "/upload", data={"csrf": mapper.token()}, files={"file": ("big.csv", b"a;b\r\n" * 300_000)}
    )
    assert answer.status_code == 413
    assert "larger than 1 MB" in answer.text
    assert not settings_of_pages.uploads_folder().exists() or not list(settings_of_pages.uploads_folder().iterdir())


def test_too_large_a_stream_without_a_length_is_cut_off(mapper: Visitor) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(100):
            yield b"a;b\r\n" * 10_000

    answer = mapper.client.post(
        "/upload",
        content=endless(),
        headers={"content-type": "multipart/form-data; boundary=x", "x-csrf-token": mapper.token()},
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"only one column\r\na\r\nb\r\n", "only one column"),
        (b"PK\x03\x04 not a workbook", "list.csv"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_to_be_so(mapper: Visitor, content: bytes, message: str) -> None:
    answer = mapper.client.post("/upload", data={"csrf": mapper.token()}, files={"file": ("list.csv", content)})
    assert answer.status_code == 400
    assert message in answer.text
    assert "Nothing was stored" in answer.text


def test_the_code_and_the_term_are_chosen_once(mapper: Visitor) -> None:
    place = send(mapper, LIST.encode())
    none = mapper.post(f"{place}/check", form(role=["ignore", "term", "frequency"]), **{"hx-request": "true"})
    two = mapper.post(f"{place}/check", form(role=["code", "term", "term"]), **{"hx-request": "true"})
    assert none.status_code == two.status_code == 400
    assert "Exactly one column must be the local code; none is chosen" in none.text
    assert "2 are chosen: Benämning, Antal" in two.text


def test_row_problems_are_listed_with_line_and_code(mapper: Visitor) -> None:
    place = send(mapper, (LIST + "A1;Dubbel;3\r\n;Utan kod;4\r\n").encode())
    checked = mapper.post(f"{place}/check", form()).text
    assert "2 will be stored" in checked
    assert "2 refused" in checked
    assert "A1" in checked


def test_personal_numbers_are_masked_everywhere_and_stop_the_storing(
    mapper: Visitor, sqlite_database: Database
) -> None:
    secret = "19121212-1212"
    place = send(mapper, f"Kod;Benämning;Antal\r\nA1;Flimmer {secret};1\r\nA2;Svikt;2\r\n".encode())
    page = mapper.get(place).text
    checked = mapper.post(f"{place}/check", form()).text
    stored = mapper.post(f"{place}/store", form(), **{"hx-request": "true"})
    assert secret not in page + checked + stored.text
    assert "personal data" in page
    assert "A publisher or administrator may override" in checked
    assert stored.status_code == 400
    assert "Diagnoser" not in mapper.get("/projects").text


def test_a_mapper_cannot_override_personal_numbers(mapper: Visitor) -> None:
    place = send(mapper, b"Kod;Text;Antal\r\nA1;Flimmer 19121212-1212;1\r\nA2;Svikt;2\r\n")
    columns = {"column": ["Kod", "Text", "Antal"]}
    answer = mapper.post(f"{place}/store", form(**columns, override_reason="because"), **{"hx-request": "true"})
    assert answer.status_code == 403


def test_a_viewer_cannot_upload(visit: Visit) -> None:
    from termserver.model.person import Role

    assert visit("vera", Role.VIEWER).get("/upload").status_code == 403


@pytest.mark.parametrize("token", ["..", "%2e%2e", "a" * 24])
def test_a_token_that_is_none_names_no_file(mapper: Visitor, token: str) -> None:
    assert mapper.get(f"/upload/{token}").status_code in {303, 404}


def test_a_file_name_is_only_a_name(mapper: Visitor, settings_of_pages: Settings) -> None:
    send(mapper, LIST.encode(), "../../evil<script>.csv")
    names = [path.name for path in settings_of_pages.uploads_folder().rglob("*.csv")]
    assert len(names) == 1
    assert Path(names[0]).name == names[0]
    assert "<" not in names[0]
