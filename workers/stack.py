"""The whole stack on one machine: `fanwire up` writes a supervisord configuration and becomes supervisord.

supervisord restarts what dies and ends everything on SIGTERM. On several machines each of these processes is a service
of its own instead, by `fanwire worker NAME` (docker-compose.yml, deploy/helm).
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from tasks import ledger
from tasks.model.documents import DocumentRefused
from tasks.model.ranks import Rank
from tasks.model.retention_policy import read_retention_policy
from tasks.runtime import passwords, seal_key, signed_urls
from tasks.runtime.errors import ConfigurationRefused, Problem
from tasks.runtime.private_files import UMASK, ensure_private_folder, make_private, refuse_shared, write_private
from tasks.runtime.settings import settings
from tasks.translation.configuration import read_configuration
from workers import authority, broker, forking, home, users, with_parent
from workers.broker_users import User
from workers.environment import seen_by
from workers.health import PROCESSES
from workers.ops import flower
from workers.web import listening

FIRST_USER = "operations"
"""The operator who can sign in to the page when nobody has said who may."""
WORKER = (sys.executable, "-m", "workers.worker", "-E", "--without-gossip", "--without-mingle")


def commands() -> dict[str, list[str]]:
    """The commands of all processes of the stack by their names, in the order they start."""
    names = ["broker"] if broker.embedded() else ["state"] if broker.embedded_state() else []
    return {name: command(name) for name in [*names, *PROCESSES]}


def command(name: str) -> list[str]:
    """The command of one process; writes the configuration that it needs. Raises KeyError for a name we do not have."""
    commands_of: dict[str, Callable[[], list[str]]] = {
        "broker": broker.prepare_embedded,
        "state": lambda: broker.prepare_embedded((User.WORKER, User.WEB, User.ADMIN)),
        "intake": _intake,
        "translate": lambda: worker("translate", "translate", "--concurrency", str(settings().translators)),
        "format": lambda: worker("format", "format", "--concurrency", str(settings().formatters)),
        "deliver": lambda: worker("deliver", "deliver", "--concurrency", str(settings().drains)),
        "flower": flower.command,
        "web": listening.command,
    }
    return commands_of[name]()


def _intake() -> list[str]:
    """The command of `intake`; raises DocumentRefused while the producers file is wrong."""
    if file := authority.producers_file():
        file.current()
    return worker("intake", "plan", "--pool", "solo", "--intake")


def run(name: str, *options: str) -> NoReturn:
    """Become one process of the stack. Of two options of the same name Celery takes the last, so `options` win."""
    os.umask(UMASK)
    found = command(name)
    os.execve(found[0], [*found, *options], seen_by(name, os.environ))  # noqa: S606


def worker(name: str, queues: str, *options: str) -> list[str]:
    """The command of the Celery worker with this name."""
    return [*WORKER, "--hostname", f"{name}@%h", "--queues", queues, *options]


def up(show: Callable[[str], None]) -> None:
    """Start everything in the foreground; does not return. `show` gets each line that the operator should read.

    Raises AlreadyUp when this home has a Fanwire that is up, and ConfigurationRefused when it could not start.
    """
    os.umask(UMASK)
    place = settings().home.absolute()
    refuse_shared(place)
    _make_home(place)
    descriptor = home.lock()
    make_private(place)
    if left := home.end_left_behind():
        show(f"Ended what an earlier Fanwire of this home had left: {len(left)} processes")
    flower.need_port()
    listening.listen().close()
    of_us = {home.OWNER: str(place), with_parent.PARENT: str(os.getpid())}
    with forking.server(seen_by("fork server", os.environ) | of_us) as asking:
        _become_supervisord(place, {home.INHERITED: descriptor, forking.INHERITED: asking}, of_us, show)


def _make_home(place: Path) -> None:
    try:
        for folder in ("log", "secrets"):
            ensure_private_folder(place / folder)
    except (FileExistsError, NotADirectoryError) as error:
        wanted = Path(error.filename)
        there = next(path for path in (wanted, *wanted.parents) if os.path.lexists(path) and not path.is_dir())
        what = "a file" if there.exists() else "a link that leads nowhere"
        problem = f"{there} is {what}, where Fanwire needs a folder; name another place"
        raise ConfigurationRefused([Problem("FANWIRE_HOME", problem, "/var/lib/fanwire")]) from None


def _become_supervisord(
    place: Path, kept: dict[int, int], of_us: dict[str, str], show: Callable[[str], None]
) -> NoReturn:
    """Prepare the home and become its supervisord, with these descriptors (home.keep_through_exec) and variables.

    The fork server imports meanwhile.
    """
    signed_urls.keys()
    seal_key.seal_key()
    ledger.upgrade()
    first_password = _first_user()
    config = place / "supervisord.conf"
    write_private(config, configuration(place, commands()))
    for line in (*_where_is_what(place, first_password), *refused_files()):
        show(line)
    home.keep_through_exec(kept)
    os.environ |= of_us
    os.execv(sys.executable, [sys.executable, "-m", "workers.supervisor", "-n", "-c", str(config)])  # noqa: S606


def _first_user() -> str | None:
    """Let one operator sign in to the page if nobody can; returns the password, which is kept nowhere."""
    if users.read():
        return None
    password = passwords.made()
    password_hash = users.new_hash(password)
    with ledger.write() as connection:
        users.add(connection, FIRST_USER, Rank.OPERATOR, password_hash)
    return password


def _where_is_what(place: Path, first_password: str | None) -> list[str]:
    """What somebody who has just typed `fanwire up` wants to know."""
    configured = settings().flower_password is not None
    password = "in FANWIRE_FLOWER_PASSWORD" if configured else f"in {place / 'flower.password'}"
    page = f"http://{flower.address()}:{settings().flower_port}/"
    return [
        f"Fanwire starts under {place}; Ctrl-C ends it all",
        f"  Flower   {page}, user {settings().flower_user}, password {password}",
        f"  Page     {_page(first_password)}",
        f"  Web      {_web()}",
        f"  Logs     {place / 'log'}/",
        f"  Broker   its address for producers is in {place / 'broker.url'}"
        if broker.embedded()
        else "  Broker   FANWIRE_BROKER_URL",
        f"  Ledger   {ledger.safe_ledger_url()}",
        "It is ready when `intake` has entered RUNNING state below. Then, in another terminal:",
        "  fanwire doctor · fanwire outlets import FILE · fanwire submit FILE --wait",
    ]


def refused_files() -> Iterator[str]:
    """The files that settings name and that cannot be read, and what is not done for that, although Fanwire starts."""
    readers: list[tuple[Callable[[], object], str]] = [
        (lambda: read_configuration(settings().translation_file), "nothing is translated"),
        (lambda: read_retention_policy(settings().retention_file), "nothing old is removed"),
    ]
    for read, not_done in readers:
        try:
            read()
        except DocumentRefused as error:
            yield f"Warning: {error}; {not_done} until it is mended"


def _page(first_password: str | None) -> str:
    """Where operations look and act, and how they sign in, as the operator reads it."""
    policy = settings()
    here = f"{policy.web_url or listening.here()}/ops/" if policy.web_port else "/ops/ of the web server"
    if first_password is None:
        return f"{here}; `fanwire users list` says who may sign in"
    return f"{here}, user {FIRST_USER}, password {first_password} (it is shown this once)"


def _web() -> str:
    """Where the web server is, as the operator reads it."""
    policy = settings()
    here = f"{listening.here()}/" if policy.web_port else f"on {policy.web_address}, at a port that its log names"
    return (
        f"{here}, for others {policy.web_url}/"
        if policy.web_url
        else f"{here}, for this machine only (FANWIRE_WEB_URL)"
    )


def configuration(home: Path, processes: dict[str, list[str]]) -> str:
    """The configuration of supervisord for the whole stack."""
    head = f"""[supervisord]
nodaemon=true
umask={UMASK:03o}
logfile={home}/log/supervisord.log
pidfile={home}/supervisord.pid
childlogdir={home}/log
{"user=root" if os.geteuid() == 0 else ""}
"""
    # Groups are stopped one after the other, the broker last; what is in a group is stopped all at once.
    workers = ",".join(name for name in processes if name not in ("broker", "state"))
    group = f"\n[group:fanwire]\nprograms={workers}\npriority=10\n"
    programs = [_program(home, name, command, order) for order, (name, command) in enumerate(processes.items(), 1)]
    return head + "".join(programs) + group


def _without_secrets_of_others(name: str) -> list[str]:
    """What a command begins with, so that its process does not see them. Their names only: others can read commands."""
    unseen = sorted(set(os.environ) - set(seen_by(name, os.environ)))
    return [part for variable in unseen for part in ("-u", variable)]


def _program(home: Path, name: str, command: list[str], order: int) -> str:
    # A worker that is asked to stop finishes what is in flight, which takes at most a transfer's deadline.
    patience = int(settings().deadline) + 15
    return f"""
[program:{name}]
command={shlex.join([*with_parent.COMMAND, *_without_secrets_of_others(name), *command]).replace("%", "%%")}
priority={order}
autorestart=true
startsecs=2
startretries=1000000
stopsignal=TERM
stopwaitsecs={patience}
killasgroup=true
redirect_stderr=true
stdout_logfile={home}/log/{name}.log
stdout_logfile_maxbytes=200MB
stdout_logfile_backups=5
"""
