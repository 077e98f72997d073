"""The command `termserver` and its subcommands, imported only when they are used: `--help` answers at once."""

from __future__ import annotations

import importlib
import os
import sys

import click

from termserver import __version__
from termserver.errors import TermserverError

_COMMANDS = {
    "changes": ("changes", "What became different between two versions of a map."),
    "demo": ("demo", "Load the sample content, suggest, and create people to try it with."),
    "doctor": ("doctor", "Check settings, database, content and matching weights."),
    "evaluate": ("evaluate", "Measure the engine against a human-made map."),
    "export": ("export", "Write a map as FHIR, table, Usagi, OMOP, SSSOM or RF2."),
    "load": ("load", "Load code systems and source lists."),
    "load-map": ("load_map", "Load a map that others made: FHIR, SSSOM, RF2, a table."),
    "person": ("person", "Create a person or give a new password."),
    "serve": ("serve", "Run the server and the review UI."),
    "suggest": ("suggest", "Suggest candidates for a project, now."),
    "train": ("train", "Train the matching engine: from lists, decisions or titles."),
    "translate": ("translate", "Translate the codes of a file: CSV, NDJSON, Parquet."),
    "weights": ("weights", "List or choose the matching weights that serve."),
    "worker": ("worker", "Run a worker as a process of its own."),
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"termserver.cli.{_COMMANDS[cmd_name][0]}")
        command = getattr(module, _COMMANDS[cmd_name][0])
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in sorted(_COMMANDS.items())])


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="termserver")
def termserver() -> None:
    """Terminology mapping: local code lists in, curated FHIR ConceptMaps out."""


def main() -> None:
    """Run the command; an error of ours is one clear line and exit code 1, never a trace."""
    try:
        exit_code = termserver.main(prog_name="termserver", standalone_mode=False)
        if isinstance(exit_code, int) and exit_code:  # what `ctx.exit(n)` in a command becomes
            sys.exit(exit_code)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except TermserverError as error:
        click.echo(f"termserver: {error.message}", err=True)
        sys.exit(1)
    except BrokenPipeError:  # the reader of a pipe (head, less) went away: nothing to say, nobody to say it to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
