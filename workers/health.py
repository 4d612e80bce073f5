"""Whether a process of the stack is well, for containers and Kubernetes: `python -m workers.health NAME`.

A Celery worker touches `run/NAME` under the home each time its main loop sends a heartbeat (every 2 s, heartbeat.py),
and it sends none while it is not connected to the broker or is stuck. So a check is one look at a file: 30 ms, where
`celery inspect ping` takes a second or more of CPU and asks every worker there is. Flower and the web server are asked
over HTTP.

Only the standard library is imported here, and the settings are read straight from the environment, because an
orchestrator runs this every few seconds in every container.
"""

from __future__ import annotations

import argparse
import http.client
import os
import sys
import time
from pathlib import Path

PROCESSES = ("intake", "translate", "format", "deliver", "flower", "web")
"""The processes of the stack beside the broker: what `fanwire worker NAME` runs, and each container."""
MAX_AGE = 30.0
"""Seconds since the last heartbeat. The intake worker sends none while it plans, which takes a second or two."""
ANSWER_WITHIN = 5.0
"""Seconds that Flower and the web server have for their answer."""
_PAGES = {"flower": ("FANWIRE_FLOWER_PORT", "5555", "/healthcheck"), "web": ("FANWIRE_WEB_PORT", "8600", "/health")}
"""The variable of the port, the default port, and a page that is shown to everybody, of those that are asked."""


def problem(name: str, max_age: float = MAX_AGE) -> str | None:
    """What is wrong with the process of that name in this container or under this home; None if it is well."""
    return _page_problem(name) if name in _PAGES else _worker_problem(name, max_age)


def beat_file(name: str) -> Path:
    """The file that the worker of this name touches while it is well."""
    return Path(os.environ.get("FANWIRE_HOME", "var")) / "run" / name


def beat(name: str) -> None:
    """Note that the worker of this name is well now."""
    file = beat_file(name)
    try:
        file.touch()
    except FileNotFoundError:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)


def _worker_problem(name: str, max_age: float) -> str | None:
    try:
        age = time.time() - beat_file(name).stat().st_mtime
    except FileNotFoundError:
        return f"{name} has sent no heartbeat yet ({beat_file(name)})"
    return None if age <= max_age else f"{name} sent its last heartbeat {age:.0f} s ago"


def _page_problem(name: str) -> str | None:
    variable, usual, page = _PAGES[name]
    port = int(os.environ.get(variable, usual))
    host = os.environ.get(f"FANWIRE_{name.upper()}_ADDRESS", "127.0.0.1")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_WITHIN)
    try:
        connection.request("GET", page)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{name} does not answer on port {port}: {error}"
    finally:
        connection.close()
    return None if status == 200 else f"{name} answers {status}"


def main() -> None:
    """Say whether a process is well: exit status 0 if it is, else 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m workers.health", description="Whether a process is well.")
    parser.add_argument("name", help=f"one of {', '.join(PROCESSES)}")
    parser.add_argument("--max-age", type=float, default=MAX_AGE, help="seconds since a worker's last heartbeat")
    arguments = parser.parse_args()
    found = problem(arguments.name, arguments.max_age)
    if found:
        sys.exit(found)


if __name__ == "__main__":
    main()
