from pathlib import Path

from click.testing import CliRunner

from termserver.cli.person import person


def test_a_token_is_made_for_a_person_who_is_there(tmp_path: Path) -> None:
    runner = CliRunner()
    made = runner.invoke(
        person, ["anna", "--role", "publisher", "--password", "a good sentence", "--data", str(tmp_path)]
    )
    assert made.exit_code == 0, made.output
    token = runner.invoke(person, ["anna", "--token-days", "9", "--data", str(tmp_path)])
    assert (token.exit_code, len(token.output.strip()) > 40) == (0, True)
    nobody = runner.invoke(person, ["bo", "--token-days", "9", "--data", str(tmp_path)])
    assert (nobody.exit_code, "no active person" in nobody.output) == (1, True)
