"""The journal of a drain: results that are not in the ledger yet, in files beside it.

Verdicts are written into the ledger in bulk, some times a second. A drain that is killed before that leaves its
journal: what a process has written into a file outlives the process. It is not synced to the disk, for it need not
outlive the machine. The clock writes these results into the ledger before it frees the claims of the drain
(tasks/operations/journals.py). Results are taken only for the attempt that holds the row, so reading one twice is
harmless.

A journal has pages. What comes while results are being written stands on the next page; those before go when the ledger
has them. A page begins with a line that says what the others hold.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from operator import attrgetter
from pathlib import Path
from typing import Any

import structlog

from tasks.ledger.deliveries import Result
from tasks.ledger.presence import Present
from tasks.model.publication import Publication
from tasks.model.states import Hold, State, Verdict
from tasks.runtime import processes
from tasks.runtime.private_files import ensure_private_folder

log = structlog.get_logger()

FIELDS = Result.__slots__
UNSEEN_AFTER = 2.0
"""Seconds after which a page may be read whose process cannot be seen from here: the ledger should long have it."""
UNSEEN_GONE_AFTER = 60.0
"""Seconds after which such a page is removed too."""
_SUFFIX = ".journal"
_numbers = count()
_values = attrgetter(*FIELDS)
_encode = json.JSONEncoder(check_circular=False).encode


Noted = tuple[Result, Publication | None]
"""What came of a claim, and what its outlet said in its answer."""


class Journal:
    """The journal of one drain; for one thread."""

    def __init__(self, folder: Path, process: str) -> None:
        """`process`: the name under which the drain claims."""
        self._folder, self._process = folder, process
        self._page: int | None = None
        self._current: Path | None = None
        self._turned: list[Path] = []
        self._broken = False

    def note(self, noted: Iterable[Noted]) -> None:
        """Note what came of claims, and what their outlets said in their answers. A disk that takes nothing stops no
        delivery: then what is lost with the process is lost."""
        if self._broken:
            return
        lines = "".join(map(_line, noted)).encode()
        try:
            page = self._opened() if self._page is None else self._page
            self._broken = os.write(page, lines) < len(lines)  # another line would stand behind half a one
        except OSError as error:
            self._broken = True
            log.warning("no journal", error=str(error))

    def _opened(self) -> int:
        ensure_private_folder(self._folder)
        self._current = self._folder / f"{self._process}.{next(_numbers)}{_SUFFIX}"
        self._page = os.open(self._current, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.write(self._page, json.dumps([processes.machine(), [*FIELDS, "said"]]).encode() + b"\n")
        return self._page

    def turn_page(self) -> None:
        """What is noted from now on stands on a page of its own."""
        self._broken = False
        if self._page is not None:
            os.close(self._page)
        if self._current is not None:
            self._turned.append(self._current)
        self._page = self._current = None

    def drop_turned(self) -> None:
        """The ledger has what stands on the pages before this one."""
        while self._turned:
            with suppress(OSError):
                self._turned.pop().unlink()


def _line(noted: Noted) -> str:
    result, said = noted
    return _encode([*_values(result), said.model_dump_json() if said else None]) + "\n"


@dataclass(frozen=True, slots=True)
class Page:
    """A page that a drain has left, or has not turned yet."""

    path: Path
    process: str
    """The name under which its drain claims, or claimed."""
    machine: str | None
    fields: list[str]
    """What a line holds; nothing on a page that its drain has only just begun."""
    age: float
    """Seconds since something was noted."""

    @property
    def left(self) -> bool:
        """Whether its drain is gone, or should long have had it in the ledger."""
        lives = self._lives()
        return self.age > UNSEEN_AFTER if lives is None else not lives

    @property
    def over(self) -> bool:
        """Whether it may be removed once the ledger has it."""
        lives = self._lives()
        return self.age > UNSEEN_GONE_AFTER if lives is None else not lives

    def _lives(self) -> bool | None:
        named = re.fullmatch(r".+:\d+:\d+", self.process)
        return Present(self.process, self.machine, None).lives() if named else None

    def results(self) -> list[Noted]:
        """What is noted on it, but for a last line that is cut, and what another version has noted in another way;
        nothing if it is gone."""
        found: list[Noted] = []
        lines: list[str] = []
        with suppress(OSError):  # its drain has removed it meanwhile
            lines = self.path.read_text(errors="replace").splitlines()[1:]
        for line in lines:
            with suppress(ValueError, TypeError, KeyError):
                found.append(_read(dict(zip(self.fields, json.loads(line), strict=True))))
        return found


def _read(noted: dict[str, Any]) -> Noted:
    said, hold = noted.pop("said"), noted.pop("hold")
    values = {name: noted[name] for name in FIELDS if name in noted}
    values |= {"state": State(noted["state"]), "verdict": Verdict(noted["verdict"]), "hold": hold and Hold(hold)}
    return Result(**values), Publication.model_validate_json(said) if said else None


def pages(folder: Path) -> Iterator[Page]:
    """All pages in a folder that can be read; none if there is no such folder. Of each only the first line is read:
    clocks look at them every second, and most belong to drains that live."""
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        with suppress(OSError):  # its drain has removed it meanwhile
            with path.open(errors="replace") as page:
                head = page.readline()
            age = time.time() - path.stat().st_mtime
            machine, fields = _head(head)
            process = path.name.removesuffix(_SUFFIX).rpartition(".")[0]
            yield Page(path, process, machine, fields, age)


def _head(line: str) -> tuple[str | None, list[str]]:
    """The machine and the fields of a page; none of a page that its drain has only just begun."""
    try:
        machine, fields = json.loads(line)
    except ValueError:
        return None, []
    return machine, fields
