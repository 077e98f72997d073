"""`termserver person`: create people on the server's command line, where no administrator can sign in yet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from termserver.cli.opening import data_option, open_database

if TYPE_CHECKING:
    from termserver.store.engine import Database


@click.command()
@click.argument("login")
@click.option("--name", help="Full name; default: the login.")
@click.option(
    "--role",
    type=click.Choice(["viewer", "mapper", "reviewer", "publisher", "administrator"]),
    help="Role in every project where the person has no other; default for a new person: mapper.",
)
@click.option("--password", envvar="TERMSERVER_NEW_PASSWORD", help="Asked for where absent; at least 10 characters.")
@click.option(
    "--token-days",
    type=click.IntRange(1, 3650),
    help="Print a bearer token for the FHIR API that is valid so many days; the person must exist, and stays as they are.",
)
@data_option
def person(
    login: str, name: str | None, role: str | None, password: str | None, token_days: int | None, data: Path | None
) -> None:
    """Create LOGIN, or give an existing LOGIN a new password and role, or a token."""
    from termserver.curation.people import change_person, create_person, reset_password
    from termserver.model.person import Role
    from termserver.store.people import find_person

    _, database = open_database(data=data)
    if token_days is not None:
        _print_token(database, login.strip().lower(), days=token_days)
        return
    secret = password or click.prompt("Password", hide_input=True, confirmation_prompt=True)
    with database.session(write=True) as session:
        known = find_person(session, login.strip().lower())
        if known is None:
            made = create_person(
                session, None, login=login, name=name or login, password=secret, role=Role(role or "mapper")
            )
            click.echo(f"Created {made.login} ({made.role.value}).")
            return
        reset_password(session, None, known.login, secret)
        if role is not None:
            change_person(session, None, known.login, role=Role(role))
        click.echo(f"{known.login} has a new password{'' if role is None else f' and is {role}'}.")


def _print_token(database: Database, login: str, *, days: int) -> None:
    from termserver.audit.record import record
    from termserver.security.sign_in import issue_token
    from termserver.store.people import find_person

    with database.session(write=True) as session:
        known = find_person(session, login)
        if known is None or not known.active:
            raise click.ClickException(f"There is no active person with the login '{login}'.")
        token = issue_token(session, known, hours=days * 24)
        record(session, None, "person.token", "person", login, days=days)
    click.echo(token)
