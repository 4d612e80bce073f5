"""The users of the operations' page: a file with one line a user, `NAME RANK HASH`, that `fanwire users` writes.

The file is FANWIRE_USERS_FILE, or `users` under the home. Whoever changes it takes its lock, so that two changes at
once are both kept; whoever reads it sees one whole version. A change is recorded in the audit table.
"""

from __future__ import annotations

import fcntl
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from tasks.ledger import audit
from tasks.ledger.audit import Entry
from tasks.model.acts import Act
from tasks.model.ranks import Rank
from tasks.runtime import passwords
from tasks.runtime.errors import ConfigurationRefused, NotPossible, Problem
from tasks.runtime.private_files import ensure_private_file, write_private
from tasks.runtime.settings import settings

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")
_FIELD = "FANWIRE_USERS_FILE"


@dataclass(frozen=True)
class User:
    """Somebody who may sign in with a password."""

    name: str
    rank: Rank
    password_hash: str = field(repr=False)


def users_file() -> Path:
    """Where the users are; the file need not be there."""
    return settings().users_file or settings().home.absolute() / "users"


def read() -> dict[str, User]:
    """All users by name; none if there is no file. Raises ConfigurationRefused for a line that is wrong."""
    try:
        text = users_file().read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationRefused([Problem(_FIELD, f"{users_file()} cannot be read: {error}")]) from None
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = [_user(number, line) for number, line in enumerate(lines, 1)]
    return {user.name: user for user in found}


def _user(number: int, line: str) -> User:
    parts = line.split()
    sound = len(parts) == 3 and _NAME.fullmatch(parts[0]) and parts[1] in list(Rank) and passwords.is_hash(parts[2])
    if not sound:  # the line is not shown, for somebody may have put a password there
        problem = f"user {number} of {users_file()} is no `NAME RANK HASH`; make it anew with `fanwire users add`"
        raise ConfigurationRefused([Problem(_FIELD, problem)])
    return User(parts[0], Rank(parts[1]), parts[2])


def new_hash(password: str) -> str:
    """The hash of a password that somebody has chosen; raises NotPossible for one that is too short or too long. It
    takes a quarter of a second, so it is no part of a transaction."""
    if not passwords.SHORTEST <= len(password) <= passwords.LONGEST:
        problem = f"a password has {passwords.SHORTEST} to {passwords.LONGEST:,} characters"
        raise NotPossible(problem, "(password)")
    return passwords.hashed(password)


def add(connection: Connection, name: str, rank: Rank, password_hash: str) -> None:
    """Add a user; raises NotPossible for a name that somebody has, or that cannot be one."""
    if not _NAME.fullmatch(name):
        raise NotPossible(f"{name!r} cannot be the name of a user: it is letters, digits and . _ @ + -", "NAME")

    def change(users: dict[str, User]) -> None:
        if name in users:
            raise NotPossible(f"there is a user {name}; `fanwire users password {name}` gives a new password", "NAME")
        users[name] = User(name, rank, password_hash)

    _record(connection, Act.ADD_USER, name, new={"rank": rank.value})
    _change(change)


def remove(connection: Connection, name: str) -> None:
    """Remove a user, whose sessions end; raises NotPossible for a name that nobody has."""
    before = _changed(name, lambda users, _user: users.pop(name))
    _record(connection, Act.REMOVE_USER, name, old={"rank": before.rank.value})


def set_rank(connection: Connection, name: str, rank: Rank) -> None:
    """Give a user another rank, at once; raises NotPossible for a name that nobody has."""
    before = _changed(name, lambda users, user: users.update({name: replace(user, rank=rank)}))
    _record(connection, Act.CHANGE_USER, name, old={"rank": before.rank.value}, new={"rank": rank.value})


def set_password(connection: Connection, name: str, password_hash: str) -> None:
    """Give a user another password, which ends the sessions; raises NotPossible for a name that nobody has."""
    _changed(name, lambda users, user: users.update({name: replace(user, password_hash=password_hash)}))
    _record(connection, Act.CHANGE_USER, name, new={"password": "another"})


def _record(connection: Connection, act: Act, name: str, **more: Any) -> None:
    audit.record(connection, Entry(act=act, subject=f"user {name}", **more))


def _changed(name: str, change: Callable[[dict[str, User], User], object]) -> User:
    """Change one user; raises NotPossible for a name that nobody has."""
    before: list[User] = []

    def change_one(users: dict[str, User]) -> None:
        if name not in users:
            raise NotPossible(f"there is no user {name}; `fanwire users list` shows who there is", "NAME")
        before.append(users[name])
        change(users, users[name])

    _change(change_one)
    return before[0]


def _change(change: Callable[[dict[str, User]], None]) -> None:
    """Change the file under its lock."""
    with _locked():
        users = read()
        change(users)
        lines = (f"{user.name} {user.rank.value} {user.password_hash}\n" for user in users.values())
        write_private(users_file(), "".join(lines))


@contextmanager
def _locked() -> Iterator[None]:
    lock = users_file().with_name(users_file().name + ".lock")
    ensure_private_file(lock)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
