from pathlib import Path

import pytest

from termserver.errors import SettingsError
from termserver.settings import load_settings


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TERMSERVER_SETTINGS", raising=False)
    monkeypatch.delenv("TERMSERVER_PORT", raising=False)


def test_arguments_beat_environment_beats_file_beats_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().port == 8080
    (tmp_path / "termserver.toml").write_text("port = 1111\n")
    assert load_settings().port == 1111
    monkeypatch.setenv("TERMSERVER_PORT", "2222")
    assert load_settings().port == 2222
    assert load_settings(port=3333).port == 3333
    assert load_settings(port=None).port == 2222


def test_an_unknown_key_in_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "termserver.toml").write_text("prot = 1111\n")
    with pytest.raises(SettingsError, match=r"termserver\.toml: unknown setting 'prot'; known: .*port"):
        load_settings()


def test_a_wrong_value_is_named_with_where_to_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERMSERVER_PORT", "eighty")
    with pytest.raises(SettingsError, match=r"port: .*eighty.*TERMSERVER_<NAME>"):
        load_settings()


def test_broken_toml_and_a_missing_file_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "termserver.toml").write_text("port = \n")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load_settings()
    monkeypatch.setenv("TERMSERVER_SETTINGS", "absent.toml")
    with pytest.raises(SettingsError, match=r"absent\.toml, which does not exist"):
        load_settings()


def test_the_database_url_is_checked_and_completed() -> None:
    url = load_settings(database_url="postgresql://me@host/db").resolved_database_url()
    assert url == "postgresql+psycopg://me@host/db"
    with pytest.raises(SettingsError, match="sqlite:///"):
        load_settings(database_url="mysql://host/db")
