"""FHIR packages (npm tarballs) and the lists of packages that load together: `code_systems/<name>/packages.toml`.

Source: https://confluence.hl7.org/display/FHIR/NPM+Package+Specification (resources lie in the folder `package`).
"""

from __future__ import annotations

import tarfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from termserver.errors import BadFile, NotFound
from termserver.fhir.elements import Json
from termserver.loaders.recipe import recipes_folder

_FOLDER = "package/"
_KINDS = ("CodeSystem", "ValueSet", "NamingSystem")
_LARGEST_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class Package:
    """One package of a set.

    Parameters
    ----------
    integrity
        `sha512-` and the base64 hash of the tarball, as npm states it.
    release
        FHIR release of the resources' JSON: `4.0.1`, `4.3.0`, `5.0.0`.
    files
        Paths in the package; empty: every JSON file of its top folder.
    only
        Beginning of the canonical URLs that are taken; empty: all.
    """

    name: str
    version: str
    integrity: str
    release: str
    files: tuple[str, ...] = ()
    only: str = ""


@dataclass(frozen=True, slots=True)
class PackageSet:
    """Packages that load together, under one name."""

    name: str
    title: str
    packages: tuple[Package, ...]


def list_package_sets(folder: Path | None = None) -> list[PackageSet]:
    """All sets, by name.

    Raises
    ------
    BadFile
        If one is not valid.
    """
    return [_package_set(path) for path in sorted((folder or recipes_folder()).glob("*/packages.toml"))]


def find_package_set(name: str, folder: Path | None = None) -> PackageSet | None:
    """The set of a name, or None."""
    path = (folder or recipes_folder()) / name / "packages.toml"
    return _package_set(path) if "/" not in name and path.is_file() else None


def _package_set(path: Path) -> PackageSet:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        packages = tuple(Package(**entry | {"files": tuple(entry.get("files", ()))}) for entry in data["package"])
        return PackageSet(str(data["name"]), str(data["title"]), packages)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise BadFile(f"not a valid list of packages: {error}", file=str(path)) from None


def read_package(path: Path, package: Package | None = None) -> Iterator[Json]:
    """The CodeSystems, ValueSets and NamingSystems of a tarball, one at a time, those in Bundles too.

    Parameters
    ----------
    package
        Which files and canonical URLs to take; None: all.

    Raises
    ------
    BadFile
        If it is no package.
    NotFound
        If a file that `package` names is not in it.
    """
    files = package.files if package is not None else ()
    seen = set()
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                inner = member.name.removeprefix(_FOLDER)
                wanted = inner in files if files else "/" not in inner and inner.endswith(".json")
                stream = archive.extractfile(member) if wanted and member.isfile() else None
                if stream is None:
                    continue
                seen.add(inner)
                if member.size > _LARGEST_BYTES:
                    raise BadFile(f"{inner} is larger than {_LARGEST_BYTES // 1_000_000} MB", file=str(path))
                yield from _resources(stream.read(), package.only if package is not None else "")
    except (tarfile.TarError, EOFError, orjson.JSONDecodeError) as error:
        raise BadFile(f"it is no FHIR package (a gzipped tar of JSON): {error}", file=str(path)) from None
    missing = sorted(set(files) - seen)
    if missing or not seen:
        raise NotFound(f"{path.name} has no {', '.join(missing) or 'JSON file in the folder package'}")


def release_of_package(path: Path) -> str:
    """The FHIR release that a package states in its `package.json`; `4.0.1` where it states none.

    Raises
    ------
    BadFile
        If it is no package.
    """
    try:
        with tarfile.open(path) as archive:
            stream = archive.extractfile(_FOLDER + "package.json")
            stated = orjson.loads(stream.read()) if stream is not None else {}
    except (tarfile.TarError, EOFError, KeyError, orjson.JSONDecodeError) as error:
        raise BadFile(f"it is no FHIR package (there is no package/package.json): {error}", file=str(path)) from None
    versions = stated.get("fhirVersions") or stated.get("fhir-version-list") or [] if isinstance(stated, dict) else []
    return versions[0] if isinstance(versions, list) and versions and isinstance(versions[0], str) else "4.0.1"


def _resources(body: bytes, only: str) -> Iterator[Json]:
    parsed = orjson.loads(body)
    entries = parsed.get("entry", ()) if isinstance(parsed, dict) and parsed.get("resourceType") == "Bundle" else ()
    for resource in [entry.get("resource") for entry in entries] or [parsed]:
        if isinstance(resource, dict) and resource.get("resourceType") in _KINDS:
            url = resource.get("url", "")  # R4's naming systems have none
            if isinstance(url, str) and url.startswith(only):
                yield resource
