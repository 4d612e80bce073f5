"""A release to 86,000 e-mail outlets: through the ledger, a drain, and a real SMTP server beside it."""

from __future__ import annotations

import json
import os
import resource
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

OUTLETS = int(os.environ.get("MAILS", "86000"))
ONE_BY_ONE = 2000
"""Messages that the library of Python sends one after the other, for comparison."""
DRAINS = 2
"""As many as a worker has if nothing is set."""
ROOT = Path(__file__).resolve().parents[2]
SINK = Path(__file__).with_name("mail_sink.py")


def run(folder: Path) -> None:
    """Measure and print."""
    from tasks import ledger
    from tasks.ledger import counts
    from tasks.ledger.schema import deliveries
    from tests.bench.run import _due, _quiet, measured

    with sink(folder / "drained.json") as (port, result):
        os.environ["FANWIRE_SMTP_URL"] = f"smtp://127.0.0.1:{port}?tls=none"
        os.environ["FANWIRE_SMTP_FROM"] = "Example Wire <wire@wire.example>"
        os.environ["FANWIRE_BOUNCE_DOMAIN"] = "bounces.wire.example"
        os.environ["FANWIRE_WEB_URL"] = "https://wire.example"
        os.environ["FANWIRE_DRAIN_BUDGET"] = "900"
        os.environ["FANWIRE_VISIBILITY_TIMEOUT"] = "1000"
        ledger.upgrade()
        _quiet()
        imported: list[Any] = []
        planned: list[Any] = []
        with measured(imported):
            _plant()
        with measured(planned):
            number = _due(0)
        ledger.reset()
        began = time.perf_counter()
        spent = _drains()
        wall = time.perf_counter() - began
        with ledger.read() as connection:
            states = counts.total(counts.states(connection, number))
            due = select(deliveries.c.code, func.count(), func.min(deliveries.c.due_at), func.max(deliveries.c.due_at))
            why = [tuple(row) for row in connection.execute(due.where(deliveries.c.state == "due").group_by("code"))]
    found = result()
    if states != {"delivered": OUTLETS}:
        sys.exit(f"not all were delivered: {states}; {why}")
    each, cpu = found["per connection"], sum(one["cpu"] for one in spent)
    size = found["bytes"] / found["messages"]
    print(f"  import {OUTLETS:,} outlets: {imported[0].wall:.1f} s; match, plan and format: {planned[0].wall:.1f} s")
    print(
        f"  {DRAINS} drains: {wall:.1f} s, {OUTLETS / wall:,.0f} e-mails a second, {cpu / OUTLETS * 1000:.3f} ms CPU "
        f"an e-mail of {size / 1024:.0f} KiB"
    )
    print(f"  memory of each drain: at most {max(one['memory'] for one in spent) / 1024:.0f} MiB")
    print(
        f"  received: {found['messages']:,} e-mails by {found['recipients']:,} recipients; "
        f"missing {OUTLETS - found['recipients']:,}, doubled {found['more than once']:,}"
    )
    print(f"  connections: {len(each)}, e-mails by each: {min(each):,} to {max(each):,}")
    _compare(folder, round(size), OUTLETS / wall)


def _drains() -> list[dict[str, float]]:
    """Drain in processes of their own, as a worker does; what each took."""
    processes = [
        subprocess.Popen([sys.executable, "-m", "tests.bench.mail"], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for _ in range(DRAINS)
    ]
    return [json.loads(process.communicate()[0].splitlines()[-1]) for process in processes]


def one_drain() -> None:
    """Deliver what is due, and print what it took."""
    from tests.bench.run import _quiet
    from tests.support.drains import drain

    _quiet()
    drain()
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss}))


def _compare(folder: Path, size: int, ours: float) -> None:
    """How many messages the library of Python sends over one connection, one after the other."""
    message = b"Subject: x\r\n\r\n" + b"x" * 70 + (b"\r\n" + b"x" * 70) * (size // 72)
    with sink(folder / "plain.json") as (port, _), smtplib.SMTP("127.0.0.1", port) as client:
        began = time.perf_counter()
        for number in range(ONE_BY_ONE):
            client.sendmail("wire@wire.example", [f"desk-{number}@desk.example"], message)
        theirs = ONE_BY_ONE / (time.perf_counter() - began)
    print(f"  smtplib, one connection, no ledger: {theirs:,.0f} a second; the drain: {ours / theirs:.2f} ×")


def _plant() -> None:
    from tasks import ledger
    from tasks.ledger import outlets
    from tasks.model.outlet import Outlet

    common = {"country": "DE", "languages": ["de"], "format": "email"}
    found = [
        {"id": f"desk-{n}", "name": f"Desk {n}", "url": f"mailto:desk-{n}@bote-{n % 900}.example"}
        for n in range(OUTLETS)
    ]
    with ledger.write() as connection:
        outlets.put(connection, [Outlet.model_validate(one | common) for one in found], time.time())


@contextmanager
def sink(file: Path) -> Iterator[tuple[int, Any]]:
    """A mail server in a process of its own: its port, and a function that ends it and gives its counts."""
    process = subprocess.Popen([sys.executable, str(SINK), str(file)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None

    def end() -> Any:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        return json.loads(file.read_text())

    try:
        yield int(process.stdout.readline()), end
    finally:
        if process.poll() is None:
            end()
        process.stdout.close()


if __name__ == "__main__":
    one_drain()
