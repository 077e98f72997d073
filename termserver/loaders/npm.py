"""Packages from the npm registry, by its own client: it knows the site's proxy, mirror and credentials."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from termserver.errors import BadFile, NotFound
from termserver.loaders.fhir_package import Package

_TIMEOUT_S = 300


def tarball_name(package: Package) -> str:
    """The file name that npm gives a package.

    >>> tarball_name(Package("@scope/name", "1.0.0", "", "4.0.1"))
    'scope-name-1.0.0.tgz'
    """
    return f"{package.name.removeprefix('@').replace('/', '-')}-{package.version}.tgz"


def fetch_package(package: Package, folder: Path) -> Path:
    """The package's tarball in a folder; fetched with `npm pack` if it is not there yet.

    A machine without npm or without a network gets the files by hand: the names are those of `tarball_name`.

    Raises
    ------
    NotFound
        If it is not there and cannot be fetched.
    BadFile
        If its hash is not the one expected.
    """
    path = folder / tarball_name(package)
    if not path.is_file():
        _pack(package, path)
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != package.integrity:
        raise BadFile("it is not the published package (its sha512 differs); remove it and try again", file=str(path))
    return path


def _pack(package: Package, path: Path) -> None:
    npm = shutil.which("npm")
    by_hand = f"put {path.name} into {path.parent} by hand, or try again where npm reaches its registry"
    if npm is None:
        raise NotFound(f"{package.name} {package.version} is not here, and there is no npm to fetch it: {by_hand}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as fresh:
        command = [npm, "pack", "--silent", "--fetch-retries=1", f"--pack-destination={fresh}"]
        try:
            done = subprocess.run(  # noqa: S603  fixed words and our own list of packages, no shell
                [*command, f"{package.name}@{package.version}"], capture_output=True, timeout=_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise NotFound(f"npm did not fetch {package.name} in {_TIMEOUT_S} s; {by_hand}") from None
        found = Path(fresh) / path.name
        if done.returncode != 0 or not found.is_file():
            raise NotFound(f"npm could not fetch {package.name} {package.version}; {by_hand}")
        found.replace(path)
