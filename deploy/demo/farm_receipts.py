"""Receipts: what the outlets of one farm process have got, and what the parent process asks for.

All servers of the farm note receipts of the same form, so that one tally (farm_tally.py) holds for every transport.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from multiprocessing.connection import Connection as Pipe
from typing import Any

from farm_manners import Manner, SimulatedOutlet

FILE_NAME = "{slug}.{language}.v{version}.{action}.{ending}"
"""How the outlets of the farm that take files want them called: so that the name says what the file is."""
_NAME = re.compile(r"(?P<slug>.+)\.(?P<language>[A-Za-z0-9-]+)\.v(?P<version>\d+)\.(?P<action>[a-z]+)\.")
_URI = re.compile(rb"urn:newsml:[A-Za-z0-9.-]+:\d{8}:[A-Za-z0-9.-]+")


class Receipts:
    """The receipts of one process: those that are new or changed since the parent last asked. Safe for threads."""

    def __init__(self, outlets: list[SimulatedOutlet]) -> None:
        self.outlets = {outlet.id: outlet for outlet in outlets}
        self.lock = threading.Lock()
        self.generation = 0
        self.reset()

    def reset(self) -> None:
        """Forget all; the next attempt at anything is a first one again."""
        self.generation += 1
        self.changed: dict[int, dict[str, Any]] = {}
        self.attempts: dict[tuple[str, ...], int] = {}
        self.counters = {"connections": 0, "aborted": 0, "probes": 0}
        self._number = 0

    def attempt(self, outlet: SimulatedOutlet, *identity: str) -> str:
        """Count an attempt at a delivery; the name of the manner that holds for it."""
        with self.lock:
            key = (outlet.id,) if outlet.manner.per == "outlet" else (outlet.id, *identity)
            earlier = self.attempts.get(key, 0)
            self.attempts[key] = earlier + 1
        return outlet.manner.after(earlier)

    def add(self, found: dict[str, Any], *, answered: int | None, outcome: str = "answered") -> None:
        """Note a receipt and how it ended. `answered`: a status as HTTP has it, 200 for taken; None for no answer."""
        now = time.time()
        with self.lock:
            self._number += 1
            self.changed[self._number] = found | {
                "n": self._number, "answered": answered, "outcome": outcome, "ended": now
            }  # fmt: skip

    def obey_in_thread(self, pipe: Pipe) -> threading.Event:
        """Do in a thread what the parent asks; the event is set when it says stop or is gone."""
        ended = threading.Event()

        def obey() -> None:
            self.obey(pipe)
            ended.set()

        threading.Thread(target=obey, daemon=True).start()
        return ended

    def obey(self, pipe: Pipe) -> None:
        """Do what the parent asks until it says stop or is gone."""
        while True:
            try:
                order, argument = pipe.recv()
            except EOFError:
                return
            with self.lock:
                if order == "receipts":
                    changed, self.changed = self.changed, {}
                    answer: Any = self.generation, changed, dict(self.counters), {}
                elif order == "reset":
                    self.reset()
                    answer = None
                elif order == "manners":
                    self._set_manners(argument)
                    answer = None
                else:
                    return
            pipe.send(answer)

    def _set_manners(self, manners: dict[str, Manner]) -> None:
        for name in manners.keys() & self.outlets.keys():
            self.outlets[name].manner = manners[name]


def blank(outlet: str, body: bytes) -> dict[str, Any]:
    """A receipt of these bytes, which says nothing yet of what they are."""
    return {
        "time": time.time(),
        "release": None,
        "version": None,
        "language": None,
        "outlet": outlet,
        "action": None,
        "key": None,
        "webhook_id": None,
        "content_type": None,
        "translation": None,
        "format": None,
        "sha256": hashlib.sha256(body).hexdigest(),
        "bytes": len(body),
        "manner": None,
        "attempt": None,
        "authorised": None,
        "redirected": False,
        "misplaced": False,
        "answered": None,
        "retry_after": None,
        "outcome": "pending",
        "ended": None,
    }


def of_file(outlet: SimulatedOutlet, name: str, body: bytes) -> dict[str, Any]:
    """A receipt of a file: what it is says its name, and of which release its content."""
    named = _NAME.match(name)
    uri = _URI.search(body)
    known = named.groupdict() if named else {}
    return blank(outlet.id, body) | {
        "release": uri[0].decode().removesuffix(f":{known.get('language')}") if uri else None,
        "version": int(known["version"]) if known else None,
        "language": known.get("language"),
        "action": known.get("action"),
        "key": f"{outlet.id}/{name}",
        "webhook_id": f"{outlet.id}/{name}",
        "format": outlet.document["format"],
    }
