import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "termserver"]


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, cwd=cwd, check=False, timeout=120)


def test_help_names_every_command_and_loads_nothing_heavy(tmp_path: Path) -> None:
    probe = (
        "import sys; from termserver.__main__ import main; sys.argv = ['termserver', '--help']\n"
        "try: main()\nfinally: print(sorted({'numpy', 'sqlalchemy', 'pydantic', 'fastapi', 'torch'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"
    for command in ("serve", "load", "suggest", "evaluate", "train", "export", "person", "worker", "doctor", "demo"):
        assert command in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["suggest", "nowhere", "--data", "d"], 1, "No project 'nowhere'"),
        (["load", "nowhere", "--data", "d"], 1, "no recipe and no file 'nowhere'"),
        (["serve", "--port", "99999"], 2, "99999"),
        (["dance"], 2, "No such command"),
    ],
)
def test_a_mistake_is_one_clear_line_and_an_exit_code(
    tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_wrong_setting_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "termserver.toml").write_text("colour = 'blue'\n")
    done = run("doctor", cwd=tmp_path)
    assert done.returncode == 1
    assert "unknown setting 'colour'" in done.stderr


def test_a_person_is_created_and_gets_a_new_password(tmp_path: Path) -> None:
    first = run(
        "person", "anna", "--role", "publisher", "--password", "correct horse battery", "--data", "d", cwd=tmp_path
    )
    assert first.stdout.strip() == "Created anna (publisher)."
    second = run("person", "anna", "--password", "another good sentence", "--data", "d", cwd=tmp_path)
    assert "new password" in second.stdout
    short = run("person", "bo", "--password", "short", "--data", "d", cwd=tmp_path)
    assert short.returncode == 1
    assert "at least 10 characters" in short.stderr


def test_doctor_says_what_to_do_where_nothing_is_loaded(tmp_path: Path) -> None:
    done = run("doctor", "--data", "d", cwd=tmp_path)
    assert done.returncode == 1
    assert "FIX  No code system is loaded. Begin with: termserver load icd-10-who" in done.stdout
