"""`fanwire users`: who may sign in to the operations' page."""

from __future__ import annotations

from typing import Annotated

import typer

from tasks.model.ranks import Rank
from tasks.runtime import passwords
from workers import users
from workers.cli.rows import need_ledger, writing
from workers.cli.screen import JsonOption, out, print_json, print_rows

app = typer.Typer(no_args_is_help=True, help="Who may sign in to the operations' page.")

AnyRank = Annotated[Rank, typer.Option("--rank", help="What the user may do: look, also approve, or everything.")]
NameArgument = Annotated[str, typer.Argument(help="The name of a user.")]
MakeOption = Annotated[
    bool, typer.Option("--make-password", help="Make the password, and print it once, in place of asking for it.")
]


@app.command()
def add(
    name: NameArgument, rank: AnyRank = Rank.READER, make_password: MakeOption = False, as_json: JsonOption = False
) -> None:
    """Let somebody sign in."""
    need_ledger()
    password = _password(make=make_password)
    password_hash = users.new_hash(password)
    with writing() as connection:
        users.add(connection, name, rank, password_hash)
    _show(name, rank, password if make_password else None, as_json=as_json)


@app.command()
def password(name: NameArgument, make_password: MakeOption = False, as_json: JsonOption = False) -> None:
    """Give a user another password, and end the user's sessions."""
    need_ledger()
    new = _password(make=make_password)
    password_hash = users.new_hash(new)
    with writing() as connection:
        users.set_password(connection, name, password_hash)
    _show(name, users.read()[name].rank, new if make_password else None, as_json=as_json)


@app.command()
def rank(
    name: NameArgument,
    rank: Annotated[Rank, typer.Argument(help="What the user may do from now on.")],
    as_json: JsonOption = False,
) -> None:
    """Give a user another rank, from the next page on."""
    with writing() as connection:
        users.set_rank(connection, name, rank)
    _show(name, rank, None, as_json=as_json)


@app.command()
def remove(name: NameArgument, as_json: JsonOption = False) -> None:
    """Let a user sign in no more, and end the user's sessions."""
    with writing() as connection:
        users.remove(connection, name)
    if as_json:
        print_json({"name": name, "removed": True})
    else:
        out.print(f"{name} may sign in no more", markup=False)


@app.command("list")
def list_users(as_json: JsonOption = False) -> None:
    """List the users and their ranks. Users of an identity provider (FANWIRE_OIDC_ISSUER) are not among them."""
    rows = [(user.name, user.rank.value) for user in users.read().values()]
    if as_json:
        print_json([{"name": name, "rank": rank} for name, rank in rows])
    else:
        print_rows(("name", "rank"), rows)


def _password(*, make: bool) -> str:
    if make:
        return passwords.made()
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _show(name: str, rank: Rank, password: str | None, *, as_json: bool) -> None:
    """What was done; and the password that was made, which nobody can ask for again."""
    if as_json:
        print_json({"name": name, "rank": rank.value} | ({"password": password} if password else {}))
        return
    out.print(f"{name} may sign in as {rank.value}", markup=False)
    if password:
        out.print(f"password {password} (it is shown once)", markup=False)
