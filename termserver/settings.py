"""Settings, from the environment (`TERMSERVER_…`) and a TOML file; checked at start.

Order of strength: arguments of a command, environment, the file named by `TERMSERVER_SETTINGS` (or `termserver.toml`
in the working folder), the defaults below. An unknown key in the file is an error, not a silent nothing.
Each setting is described in `docs/operators/settings.md`; the docs test fails where one is not.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from termserver.errors import SettingsError

_DEFAULT_FILE = "termserver.toml"


class Settings(BaseSettings):
    """All settings of a process; frozen.

    >>> Settings(data=Path("/srv/ts")).resolved_database_url()
    'sqlite:////srv/ts/termserver.sqlite3'
    """

    model_config = SettingsConfigDict(env_prefix="TERMSERVER_", frozen=True, extra="forbid", env_ignore_empty=True)

    data: Path = Field(Path("data"), description="Folder of the database, the index and the uploads.")
    database_url: str | None = Field(
        None, description="SQLAlchemy URL; sqlite:///… or postgresql+psycopg://…. Default: SQLite in `data`."
    )
    host: str = Field("127.0.0.1", description="Address the server listens on.")
    port: int = Field(8080, ge=0, le=65535, description="Port the server listens on; 0 takes a free one.")
    public_url: str | None = Field(None, description="URL under which clients reach the server, without final slash.")
    data_sources: Path | None = Field(
        None,
        description="Folder of publishers' lists for training, tests and benchmarks; `../shared/data` if there.",
    )
    transformer: str | None = Field(
        None,
        description="Path or hub id of a sentence-transformers model (extra `transformers`); none by default.",
    )
    cross_encoder: str | None = Field(
        None,
        description="Path or hub id of a cross-encoder that reads the best candidates again (extra `transformers`).",
    )
    upload_limit_mb: int = Field(200, ge=1, le=10_000, description="Largest upload, in MB.")
    unpacked_limit_mb: int = Field(1000, ge=1, le=100_000, description="Largest unpacked size of an archive, in MB.")
    body_limit_mb: int = Field(50, ge=1, le=10_000, description="Largest FHIR request body, in MB.")
    resource_limit_mb: int = Field(
        1000,
        ge=1,
        le=100_000,
        description="Largest ConceptMap that a client writes, in MB; it goes to disk, not to memory.",
    )
    bulk_limit_mb: int = Field(
        1000, ge=1, le=100_000, description="Largest file of a `$bulk-translate`, in MB; it goes to disk."
    )
    bulk_hours: int = Field(
        24, ge=1, le=24 * 90, description="How long results of a `$bulk-translate` are kept, in hours."
    )
    expansion_limit: int = Field(
        1_000, ge=1, description="Most concepts of a $expand without count: more are refused as too costly."
    )
    expansion_page_limit: int = Field(10_000, ge=1, description="Most concepts in one page of a $expand with count.")
    translation_cache_mb: int = Field(256, ge=1, description="Memory for translation tables, in MB.")
    candidates_per_row: int = Field(10, ge=1, le=50, description="Candidates kept for each row and target system.")
    session_hours: int = Field(12, ge=1, le=24 * 30, description="How long a sign-in lasts, in hours.")
    embedded_worker: bool = Field(True, description="Run the worker inside the server process.")
    secure_cookies: bool = Field(False, description="Mark cookies Secure; set it where the server is behind HTTPS.")
    log_level: str = Field("info", description="debug, info, warning or error.")

    @field_validator("log_level")
    @classmethod
    def _log_level_is_known(cls, value: str) -> str:
        if value.lower() not in {"debug", "info", "warning", "error"}:
            raise ValueError("must be debug, info, warning or error")
        return value.lower()

    @field_validator("database_url")
    @classmethod
    def _database_is_supported(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if value.startswith("postgresql://"):
            value = "postgresql+psycopg://" + value.removeprefix("postgresql://")
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")
        return value

    def resolved_database_url(self) -> str:
        """The database's URL: the setting, or SQLite in the data folder."""
        return self.database_url or f"sqlite:///{self.data.absolute() / 'termserver.sqlite3'}"

    def index_folder(self) -> Path:
        """Folder of the derived read structures; may be deleted at any time."""
        return self.data / "index"

    def weights_folder(self) -> Path:
        """Folder of the matching weights that this deployment trained; the package's own are not in it."""
        return self.data / "weights"

    def packages_folder(self) -> Path:
        """Folder of FHIR packages that were fetched, or put there by hand."""
        return self.data / "packages"

    def uploads_folder(self) -> Path:
        """Folder where an upload waits between its preview and its storing."""
        return self.data / "uploads"

    def bulk_folder(self) -> Path:
        """Folder of files that are translated in the background; servers and workers share it."""
        return self.data / "bulk"

    def sources_folder(self) -> Path | None:
        """The folder of publishers' lists, or None where there is none."""
        if self.data_sources is not None:
            return self.data_sources if self.data_sources.is_dir() else None
        beside = Path("../shared/data")
        return beside if beside.is_dir() else None


def load_settings(**overrides: object) -> Settings:
    """Read and check the settings.

    Parameters
    ----------
    overrides
        Values of command-line options; None means "not given".

    Raises
    ------
    SettingsError
        One line a wrong setting: its name, the value's fault, where it may be set.

    >>> load_settings(port=9000).port
    9000
    """
    given: dict[str, Any] = {key: value for key, value in overrides.items() if value is not None}
    from_file = _read_file()
    for key in from_file:
        if key not in Settings.model_fields:
            raise SettingsError(
                f"{_file_name()}: unknown setting '{key}'; known: {', '.join(sorted(Settings.model_fields))}"
            )
    below_environment = {
        key: value for key, value in from_file.items() if f"TERMSERVER_{key.upper()}" not in os.environ
    }
    try:
        return Settings(**{**below_environment, **given})
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')} (got {fault.get('input')!r})"
            for fault in error.errors()
        )
        raise SettingsError(f"Settings cannot be used: {faults}. Set TERMSERVER_<NAME> or {_file_name()}.") from None


def _file_name() -> str:
    return os.environ.get("TERMSERVER_SETTINGS", _DEFAULT_FILE)


def _read_file() -> dict[str, object]:
    path = Path(_file_name())
    if not path.exists():
        if "TERMSERVER_SETTINGS" in os.environ:
            raise SettingsError(f"TERMSERVER_SETTINGS names {path}, which does not exist")
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from None
