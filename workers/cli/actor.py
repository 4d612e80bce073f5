"""Who types, and where: the user that the operating system knows, never what the environment says.

Only the address that somebody came from over SSH is taken from the environment, for nothing else knows it there. And in
a container the operating system knows nobody: there FANWIRE_OPERATOR may say who it is, and stands beside the user of
the container as what nobody has checked.
"""

from __future__ import annotations

import os
import pwd
import socket
from ipaddress import ip_address
from pathlib import Path

from tasks.model.acts import Actor, Role
from tasks.runtime.foreign_text import printable
from tasks.runtime.settings import PREFIX

OPERATOR = PREFIX + "OPERATOR"
LONGEST_CLAIM = 100
"""Characters of what FANWIRE_OPERATOR says."""
_LOGIN = Path("/proc/self/loginuid")
_NOBODY_LOGGED_IN = 2**32 - 1


def operator() -> Actor:
    """The user and the machine that run a command. Behind `sudo` the user who logged in is named too, as far as the
    kernel knows, and who FANWIRE_OPERATOR says that it is."""
    user = os.getuid()
    login = _login()
    behind = f" (logged in as {_name(login)})" if login not in (None, user) else ""
    # not by `settings()`, which raises if any of them is wrong: that is for the command to say
    claimed = printable(os.environ.get(OPERATOR, "").strip())[:LONGEST_CLAIM]
    says = f" (says: {claimed})" if claimed else ""
    return Actor(Role.OPERATOR, f"{_name(user)}@{socket.gethostname()}{behind}{says}", origin=_origin())


def _origin() -> str:
    """The machine, and the address from which somebody came to it over SSH, as their environment says it."""
    said = os.environ.get("SSH_CONNECTION", "").partition(" ")[0]
    try:
        return f"{socket.gethostname()}, by SSH from {ip_address(said)}"
    except ValueError:
        return socket.gethostname()


def _name(user: int | None) -> str:
    """The name of a user; in a container it may have a number only."""
    try:
        return pwd.getpwuid(user or 0).pw_name
    except KeyError:
        return f"uid {user}"


def _login() -> int | None:
    """The user who logged in, which `su` and `sudo` do not change; None where nobody did, or it is not known."""
    try:
        login = int(_LOGIN.read_text())
    except (OSError, ValueError):
        return None
    return None if login == _NOBODY_LOGGED_IN else login
