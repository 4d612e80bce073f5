"""Pool processes end with their worker, however early that ends."""

from __future__ import annotations

from pathlib import Path

from tasks.runtime.processes import started
from tasks.runtime.settings import settings
from tests.support.forks import fork_python
from tests.support.processes import end, environment, until
from tests.support.threads import PATIENCE

WORKER = """
import os, time
from pathlib import Path
from billiard import Process
from workers import app

def begins(worker, says):
    Path(says).write_text(str(os.getpid()))
    while {late} and os.getppid() == worker:
        time.sleep(0.01)
    app._die_with_parent()
    Path(says).with_suffix(".asked").touch()
    time.sleep(600)

Process(target=begins, args=(os.getpid(), {says!r})).start()
while not Path({says!r}).with_suffix({until!r}).exists() or not Path({says!r}).read_text():
    time.sleep(0.01)
os._exit(0)
"""


def outlives_its_worker(tmp_path: Path, *, late: bool) -> bool:
    """Whether a pool process is left when its worker has ended; `late`: it had not asked to end with that."""
    says = tmp_path / "pool.pid"
    code = WORKER.format(says=str(says), late=late, until=".pid" if late else ".asked")
    worker = fork_python(code, environment(settings().home, BROKER_URL="redis://127.0.0.1:9/0"), tmp_path / "log")
    try:
        assert worker.wait(PATIENCE) == 0, (tmp_path / "log").read_text()
        pool = int(says.read_text())
        until(lambda: started(pool) is None or (says.with_suffix(".asked").exists() and late))
        return started(pool) is not None
    finally:
        end(worker)


def test_one_that_has_begun(tmp_path: Path) -> None:
    assert not outlives_its_worker(tmp_path, late=False)


def test_one_that_was_only_beginning(tmp_path: Path) -> None:
    """It cannot hear of an end that was before it asked, and would wait for work for ever."""
    assert not outlives_its_worker(tmp_path, late=True)
