"""FHIR packages and the enumerations that are always there."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from termserver.cli.load import load
from termserver.curation.fhir_core import ENUMERATIONS, store_enumerations, store_package
from termserver.errors import BadFile, NotFound
from termserver.fhir.elements import Json
from termserver.loaders.enumerations import read_enumerations
from termserver.loaders.fhir_package import Package, find_package_set, list_package_sets, read_package
from termserver.loaders.npm import fetch_package
from termserver.store.code_systems import find_code_system, get_concept, list_code_systems, resolve_alias
from termserver.store.engine import Database
from termserver.store.value_sets import find_value_set

GENDER = "http://hl7.org/fhir/administrative-gender"


def code_system(url: str, version: str, *codes: str, **more: object) -> Json:
    concepts = [{"code": code, "display": code.title(), "definition": f"What {code} means"} for code in codes]
    head = {"resourceType": "CodeSystem", "url": url, "version": version, "name": "Made", "status": "active"}
    return {**head, "content": "complete", "concept": concepts, "text": {"div": "<div>long</div>"}, **more}


def value_set(url: str, version: str, system: str) -> Json:
    head = {"resourceType": "ValueSet", "url": url, "version": version, "name": "Made", "status": "active"}
    return {**head, "compose": {"include": [{"system": system}]}}


def tarball(folder: Path, name: str, files: dict[str, object]) -> Path:
    path = folder / name
    with tarfile.open(path, "w:gz") as archive:
        for inner, content in files.items():
            body = orjson.dumps(content)
            member = tarfile.TarInfo(f"package/{inner}")
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return path


def integrity(path: Path) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


def test_enumerations_are_there_in_both_releases_with_their_value_sets() -> None:
    found = {one.header.canonical: one for one in read_enumerations()}
    assert len(found) == 151
    for release in ("4.0.1", "5.0.0"):
        gender = found[f"{GENDER}|{release}"]
        assert [concept.code for concept in gender.concepts] == ["male", "female", "other", "unknown"]
        assert gender.value_set is not None
        assert gender.value_set.url == "http://hl7.org/fhir/ValueSet/administrative-gender"
    assert all(len({concept.code for concept in one.concepts}) == len(one.concepts) for one in found.values())


def test_enumerations_are_stored_once(database: Database) -> None:
    assert store_enumerations(database) == 151
    assert store_enumerations(database) == 0
    with database.session() as session:
        stored = find_code_system(session, GENDER, "4.0.1")
        assert stored is not None
        assert stored.recipe == ENUMERATIONS
        assert find_value_set(session, "http://hl7.org/fhir/ValueSet/administrative-gender", "5.0.0") is not None


def test_servers_that_start_at_once_do_not_disturb_each_other(database: Database) -> None:
    with ThreadPoolExecutor(3) as pool:
        stored = list(pool.map(store_enumerations, [database] * 3))
    assert max(stored) == 151
    with database.session() as session:
        assert len(list_code_systems(session, url=GENDER)) == 2


def test_a_package_takes_the_place_of_the_enumerations(database: Database) -> None:
    store_enumerations(database)
    full = code_system(GENDER, "4.0.1", "male", "female", identifier=[{"value": "urn:oid:2.999.1"}])
    codes = value_set("http://hl7.org/fhir/ValueSet/administrative-gender", "4.0.1", GENDER) | {"title": "Gender"}
    with database.session(write=True) as session:
        counts = store_package(session, "fhir-core", [full, codes], "4.0.1")
    assert (counts.code_systems, counts.concepts, counts.value_sets, counts.known) == (1, 2, 1, 0)
    with database.session() as session:
        stored = find_code_system(session, GENDER, "4.0.1")
        assert stored is not None
        assert (stored.recipe, stored.concept_count) == ("fhir-core", 2)
        concept = get_concept(session, stored.id, "male")
        assert concept is not None
        assert concept.definition == "What male means"
        assert "text" not in stored.header.other
        assert resolve_alias(session, "urn:oid:2.999.1") == GENDER
        found = find_value_set(session, "http://hl7.org/fhir/ValueSet/administrative-gender", "4.0.1")
        assert found is not None
        assert found.value_set.title == "Gender"


def test_what_is_there_stays_and_what_is_faulty_is_named(database: Database) -> None:
    system = "http://example.org/CodeSystem/a"
    resources = [
        code_system(system, "1", "x"),
        code_system("http://example.org/CodeSystem/twice", "1", "y", "y"),
        code_system("http://example.org/CodeSystem/none", "1"),
        code_system("http://example.org/CodeSystem/absent", "1", "z", content="not-present"),
        value_set("http://example.org/ValueSet/a", "1", system),
    ]
    with database.session(write=True) as session:
        first = store_package(session, "pkg", resources, "5.0.0")
        again = store_package(session, "pkg", [code_system(system, "1", "other"), resources[4]], "5.0.0")
    assert (first.code_systems, first.value_sets, first.without_list) == (1, 1, 2)
    assert [fault.split(":")[1] for fault in first.faults] == ["//example.org/CodeSystem/twice"]
    assert (again.code_systems, again.value_sets, again.known) == (0, 0, 2)


def test_naming_systems_of_code_systems_become_aliases(database: Database) -> None:
    system = "http://a.org/x"
    naming = {
        "resourceType": "NamingSystem",
        "id": "x",
        "name": "X",
        "status": "active",
        "kind": "codesystem",
        "date": "2026-01-01",
        "uniqueId": [{"type": "oid", "value": "2.999.7"}, {"type": "uri", "value": system}],
    }
    people = naming | {"id": "y", "name": "Y", "kind": "identifier"}
    with database.session(write=True) as session:
        first = store_package(session, "pkg", [code_system(system, "1", "p"), naming, people], "4.0.1")
        again = store_package(session, "pkg", [naming], "4.0.1")
    assert (first.naming_systems, first.without_list, first.faults) == (1, 1, [])
    assert (again.naming_systems, again.known) == (0, 1)
    with database.session() as session:
        assert resolve_alias(session, "urn:oid:2.999.7") == system


def test_a_package_is_read_as_its_entry_says(tmp_path: Path) -> None:
    a, b = code_system("http://a.org/x", "1", "p"), value_set("http://b.org/y", "1", "http://a.org/x")
    bundle = {"resourceType": "Bundle", "entry": [{"resource": a}, {"resource": b}]}
    path = tarball(tmp_path, "p.tgz", {"deep/all.json": bundle, "StructureDefinition-z.json": {"resourceType": "Z"}})
    package = Package("p", "1", "", "4.0.1", files=("deep/all.json",), only="http://a.org/")
    assert [resource["url"] for resource in read_package(path, package)] == ["http://a.org/x"]
    with pytest.raises(NotFound, match=r"has no absent\.json"):
        list(read_package(path, Package("p", "1", "", "4.0.1", files=("absent.json",))))
    (tmp_path / "no.tgz").write_bytes(b"no tarball")
    with pytest.raises(BadFile, match="no FHIR package"):
        list(read_package(tmp_path / "no.tgz"))


def test_a_package_file_is_loaded_by_the_command(tmp_path: Path) -> None:
    files = {
        "package.json": {"name": "own", "fhirVersions": ["5.0.0"]},
        "CodeSystem-a.json": code_system("http://a.org/x", "1", "p", "q"),
        "ValueSet-b.json": value_set("http://a.org/v", "1", "http://a.org/x"),
    }
    path = tarball(tmp_path, "own.tgz", files)
    result = CliRunner().invoke(load, ["--data", str(tmp_path / "data"), str(path)])
    assert result.exit_code == 0, result.output
    assert "own.tgz: 1 code systems with 2 concepts, 1 value sets and 0 naming systems stored" in result.output


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An npm that "packs" what lies in `registry`."""
    registry, folder = tmp_path / "registry", tmp_path / "bin"
    registry.mkdir()
    folder.mkdir()
    script = folder / "npm"
    script.write_text(
        "#!/bin/sh\n"
        'for word in "$@"; do case $word in --pack-destination=*) to=${word#*=} ;; esac; done\n'
        f'cp {registry}/*.tgz "$to"/\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return registry


def test_a_package_is_fetched_once_and_its_hash_is_checked(npm: Path, tmp_path: Path) -> None:
    made = tarball(npm, "scope-name-1.0.0.tgz", {"CodeSystem-a.json": code_system("http://a.org/x", "1", "p")})
    package = Package("@scope/name", "1.0.0", integrity(made), "4.0.1")
    path = fetch_package(package, tmp_path / "packages")
    made.unlink()
    assert fetch_package(package, tmp_path / "packages") == path
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(BadFile, match="not the published package"):
        fetch_package(package, tmp_path / "packages")


def test_without_npm_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NotFound, match=r"no npm to fetch it: put name-1\.0\.0\.tgz into .* by hand"):
        fetch_package(Package("name", "1.0.0", "", "4.0.1"), tmp_path)


def test_our_own_set_is_pinned() -> None:
    packages = find_package_set("fhir-core")
    assert packages is not None
    assert [one.name for one in list_package_sets()] == ["fhir-core"]
    assert {package.release for package in packages.packages} == {"4.0.1", "4.3.0", "5.0.0"}
    assert all(
        package.integrity.startswith("sha512-") and len(package.integrity) == 95 for package in packages.packages
    )
