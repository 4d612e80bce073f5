"""The whole way of a release through real processes, and what becomes of it when they are killed on the way."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import signal
import stat
import time
import uuid
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import redis
import requests
from celery import Celery
from sqlalchemy import select, update

from tasks import ledger
from tasks.ledger import counts, refusals, releases, schema
from tasks.model.states import Verdict
from tests.support.command_line import typed
from tests.support.memory import holds
from tests.support.processes import addresses, until
from tests.support.samples import release
from tests.support.threads import PATIENCE
from workers import forking
from workers.producer import Producer
from workers.wrong_passwords import FREE

from .conftest import PLAN, PRESS, Stack

USER = ("operations", "Flowerpasswort")
DE = {"de": {"headline": "Acme Robotics eröffnet ein Werk in Porto", "body_html": "<p>Das Werk ist eröffnet.</p>"}}


def submit(stack: Stack, **fields: Any) -> str:
    """A release of its own to the 300 outlets of the circuit `press`; its URI."""
    wanted = release(**{"uri": f"urn:x:{uuid.uuid4().hex}", "circuits": ["press"], **fields})
    with Producer(stack.broker) as producer:
        assert producer.submit(wanted, timeout=PATIENCE).status == "accepted"
    return wanted.uri


def states(uri: str) -> dict[str, int]:
    with ledger.read() as connection:
        row = releases.find(connection, uri)
        return counts.total(counts.states(connection, row.id)) if row else {}


def being_built(uri: str) -> int:
    with ledger.read() as connection:
        return counts.being_built(connection, releases.find(connection, uri).id)


def wait_until_delivered(stack: Stack, uri: str, count: int = PRESS) -> None:
    until(lambda: states(uri) == {"delivered": count}, lambda: f"{states(uri)} {stack.told()}")


def assert_all_have_it_once(stack: Stack, uri: str) -> None:
    """Nobody is missing; who got it twice got the same key, and the ledger says that it was not sure."""
    tally = stack.farm.tally(uri)
    assert tally["releases"][uri]["1"]["en"]["outlets"] == PRESS
    doubled = {fault["outlet"] for fault in tally["doubled"]}
    assert not {name for name in tally if name != "doubled" and tally[name] and isinstance(tally[name], list)}
    unknowable = (
        select(schema.deliveries.c.outlet_id)
        .join(schema.attempts, schema.attempts.c.delivery_id == schema.deliveries.c.id)
        .join(schema.releases, schema.releases.c.id == schema.deliveries.c.release_id)
        .where(schema.releases.c.uri == uri, schema.attempts.c.verdict == Verdict.UNSURE)
    )
    with ledger.read() as connection:
        assert doubled <= set(connection.scalars(unknowable))


def in_the_middle(stack: Stack, then: Callable[[], Any]) -> str:
    """Submit a release, and do something to the stack when about a fifth of the outlets has it; its URI.

    A tenth of the outlets takes nothing until then, so that it is the middle however long that takes.
    """
    late = [name for name in PLAN if name.startswith("press") and name.endswith("0")]
    stack.farm.set_manners({name: {"manner": "unavailable", "times": 1_000_000} for name in late})
    try:
        uri = submit(stack)
        until(lambda: stack.farm.health()["receipts"] > PRESS / 5, stack.told)
        then()
        assert stack.farm.health()["accepted"] < PRESS
    finally:
        stack.farm.set_manners({name: PLAN[name] for name in late})
    return uri


def worker(stack: Stack, name: str) -> psutil.Process:
    """The parent process of a worker, as soon as it runs."""

    def found() -> psutil.Process | None:
        with suppress(LookupError):
            return stack.worker(name)
        return None

    process = until(found, stack.told)
    assert process is not None
    return process


def test_the_whole_way_by_the_command_line(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "release.json"
    uri = "urn:x:whole-way"
    file.write_text(release(uri=uri, circuits=["few"], translations=DE).to_json())
    receipt = json.loads(stack.run("submit", str(file), "--wait", "--json"))
    assert (receipt["status"], receipt["uri"], receipt["version"]) == ("accepted", uri, 1)
    found = json.loads(stack.run("status", uri, "--json"))
    assert (found["release"], found["version"]) == (uri, 1)
    assert found["states"] == {"delivered": 4, "rejected": 1, "held": 1}
    assert found["languages"] == {"de": {"delivered": 1}, "en": {"delivered": 3, "rejected": 1}, "sw": {"held": 1}}
    [held] = found["held"]
    assert (held["language"], held["reason"], held["n"]) == ("sw", "translation", 1)
    assert "sw" in held["detail"]
    told = json.loads(typed("report", uri, "--format", "json"))
    open_ones = {(line["outlet"], line["state"]) for line in told["deliveries"] if line["state"] != "delivered"}
    assert open_ones == {("few-moved", "rejected"), ("few-none", "held")}
    assert "few-down" in typed("report", uri, "--format", "csv")
    assert "<html" in typed("report", uri)
    assert stack.farm.tally(uri)["faultless"]
    assert "known" in typed("submit", str(file))
    file.write_text(release(uri=uri, circuits=["few"], headline="Other").to_json())
    assert "higher version" in typed("submit", str(file), status=1)
    assert {finding["level"] for finding in json.loads(typed("doctor", "--json"))} <= {"fine", "note"}


def test_a_kill_reaches_those_who_have_it(stack: Stack, tmp_path: Path) -> None:
    uri = submit(stack, circuits=["few"], translations=DE)
    until(lambda: states(uri).get("delivered") == 4, stack.told)
    typed("kill", uri, "--note", "Wrong company")
    until(lambda: states(uri) == {"delivered": 4}, lambda: states(uri))
    receipts = stack.farm.receipts(release=uri, version="2")
    assert {(r["outlet"], r["language"], r["action"]) for r in receipts} == {
        ("few-en", "en", "kill"), ("few-de", "de", "kill"), ("few-de", "en", "kill"), ("few-down", "en", "kill"),
    }  # fmt: skip


def test_of_two_releases_at_once_the_urgent_one_is_done_first(stack: Stack) -> None:
    held = {"embargo_until": "2199-01-01T00:00:00Z"}
    slow, flash = submit(stack, urgency=6, **held), submit(stack, urgency=1, **held)
    until(lambda: all(states(uri) == {"held": PRESS} and not being_built(uri) for uri in (slow, flash)), stack.told)
    with ledger.write() as connection:  # the same moment lets both go
        both = update(schema.releases).where(schema.releases.c.uri.in_([slow, flash]))
        connection.execute(both.values(embargo_until=time.time()))
    wait_until_delivered(stack, flash)
    wait_until_delivered(stack, slow)
    last = {uri: max(receipt["time"] for receipt in stack.farm.receipts(release=uri)) for uri in (slow, flash)}
    assert last[flash] < last[slow]
    assert stack.farm.tally()["faultless"]


def test_a_deliver_worker_killed_on_the_way(stack: Stack) -> None:
    uri = in_the_middle(stack, lambda: worker(stack, "deliver").kill())
    wait_until_delivered(stack, uri)
    assert_all_have_it_once(stack, uri)


def test_a_pool_process_killed_on_the_way(stack: Stack) -> None:
    [pool, *_] = until(lambda: worker(stack, "deliver").children(), stack.told)
    uri = in_the_middle(stack, pool.kill)
    wait_until_delivered(stack, uri)
    assert_all_have_it_once(stack, uri)


def test_every_worker_killed_at_once(stack: Stack) -> None:
    def kill() -> None:
        for name in ("intake", "translate", "format", "deliver"):
            worker(stack, name).kill()

    uri = in_the_middle(stack, kill)
    other = submit(stack, circuits=["few"])  # as soon as there is an intake again
    wait_until_delivered(stack, uri)
    assert_all_have_it_once(stack, uri)
    until(lambda: states(other).get("delivered") == 3, lambda: states(other))


def test_a_release_of_which_every_hint_was_lost(stack: Stack) -> None:
    uri = f"urn:x:{uuid.uuid4().hex}"
    with ledger.write() as connection:
        releases.take(connection, release(uri=uri, circuits=["few"], translations=DE), time.time() - 60)
    until(lambda: states(uri).get("delivered") == 4, lambda: states(uri))


def test_an_embargo_is_lifted_at_its_moment(stack: Stack) -> None:
    moment = time.time() + 3
    until_then = datetime.fromtimestamp(moment, UTC).isoformat()
    uri = submit(stack, circuits=["few"], translations=DE, embargo_until=until_then)
    until(lambda: states(uri) == {"held": 6} or time.time() > moment, lambda: states(uri))
    until(lambda: states(uri).get("delivered") == 4, lambda: states(uri))
    first = min(receipt["time"] for receipt in stack.farm.receipts(release=uri))
    assert moment <= first


def test_a_broker_emptied_on_the_way(stack: Stack) -> None:
    def flush() -> None:
        with redis.Redis.from_url(stack.admin) as client:
            client.flushall()

    uri = in_the_middle(stack, flush)
    wait_until_delivered(stack, uri)
    assert_all_have_it_once(stack, uri)
    later = submit(stack, circuits=["few"])
    until(lambda: states(later).get("delivered") == 3, lambda: f"{states(later)} {stack.told()}")
    until(lambda: hinted(stack, later) >= {"plan", "format"})  # hints flow again, not only the clock's second look


def hinted(stack: Stack, uri: str) -> set[str]:
    """The tasks of a release that somebody hinted at who had just done the step before. The clock names no release."""
    flower_is_up(stack)
    found = requests.get(stack.flower + "/api/tasks", timeout=PATIENCE, auth=USER).json()
    return {task["name"] for task in found.values() if uri in task["args"]}


def test_items_that_are_no_messages_are_set_aside_and_end_no_worker(stack: Stack) -> None:
    workers = {name: worker(stack, name).pid for name in ("intake", "translate", "format", "deliver")}
    wrong = b'{"body": 5, "headers": {}, "properties": {}}'
    with redis.Redis.from_url(stack.admin) as client:
        for queue in ("plan", "translate", "format", "deliver", "deliver\x06\x163"):
            client.lpush(queue, f"{uuid.uuid4().hex} is no message", wrong)
    uri = submit(stack, circuits=["few"])
    until(lambda: states(uri).get("delivered") == 3, lambda: f"{states(uri)} {stack.told()}")

    def reasons() -> list[str]:
        with ledger.read() as connection:
            return [item["reason"] for item in refusals.latest(connection, 100)]

    for queue in ("plan", "translate", "format", "deliver"):
        count = 4 if queue == "deliver" else 2
        about = f"an item on the queue '{queue}' is not a kombu message"
        until(lambda about=about, count=count: sum(about in reason for reason in reasons()) == count, reasons)  # type: ignore[misc]
    assert {name: worker(stack, name).pid for name in workers} == workers


def test_a_broker_killed_on_the_way(stack: Stack) -> None:
    def kill() -> None:
        with redis.Redis.from_url(stack.admin) as client:
            pid = client.info("server")["process_id"]
        [broker] = [process for process in stack.everything() if process.pid == pid]
        broker.send_signal(signal.SIGKILL)

    uri = in_the_middle(stack, kill)
    wait_until_delivered(stack, uri)
    assert_all_have_it_once(stack, uri)
    later = submit(stack, circuits=["few"])
    until(lambda: states(later).get("delivered") == 3, lambda: f"{states(later)} {stack.told()}")


def test_a_supervisor_that_is_frozen_holds_up_no_delivery(stack: Stack) -> None:
    """Nobody reads what the processes print, and there is no room for another line of it."""
    stack.process.send_signal(signal.SIGSTOP)
    try:
        for process in psutil.Process(stack.process.pid).children():
            if "workers.fork_server" not in process.cmdline():  # it says nothing
                fill_pipe(process)
        with redis.Redis.from_url(stack.admin) as client:
            client.bgrewriteaof()  # of which the broker says some lines
        uri = submit(stack)
        wait_until_delivered(stack, uri)
        assert psutil.Process(stack.process.pid).status() == psutil.STATUS_STOPPED
    finally:
        stack.process.send_signal(signal.SIGCONT)
    assert_all_have_it_once(stack, uri)
    submit(stack, circuits=["few"])  # the next line of a process says how many it has dropped
    until(lambda: "log lines dropped" in stack.log("deliver"), stack.told)


def fill_pipe(process: psutil.Process) -> None:
    """Write into the pipe behind the standard output of a process until there is no more room."""
    descriptor = os.open(f"/proc/{process.pid}/fd/1", os.O_WRONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "wb", buffering=0) as pipe:
        assert stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        for size in (4096, 1):
            while pipe.write(b"\n" * size):
                pass


def flower_is_up(stack: Stack) -> None:
    def up() -> bool:
        try:
            return requests.get(stack.flower + "/healthcheck", timeout=PATIENCE).ok
        except requests.ConnectionError:
            return False

    until(up, stack.told)


def test_flower_is_read_only_and_behind_its_password(stack: Stack) -> None:
    flower_is_up(stack)
    uri = submit(stack, circuits=["few"])
    until(lambda: states(uri).get("delivered") == 3, lambda: states(uri))
    for path in ("/", "/workers", "/tasks", "/api/workers", "/api/tasks", "/api/queues/length"):
        assert requests.get(stack.flower + path, timeout=PATIENCE).status_code == 401, path
        refused = requests.get(stack.flower + path, timeout=PATIENCE, auth=("operations", "wrong"))
        assert refused.status_code == 401, path
    assert requests.get(stack.flower + "/workers", timeout=PATIENCE, auth=USER).status_code == 200

    def workers() -> list[str]:
        found = requests.get(stack.flower + "/workers?json=1", timeout=PATIENCE, auth=USER).json()
        return [worker["hostname"] for worker in found["data"]]

    all_four = {"intake", "translate", "format", "deliver"}
    until(lambda: {name.partition("@")[0] for name in workers()} == all_four, workers)
    for worker in workers():
        for order in (f"worker/shutdown/{worker}", f"worker/pool/restart/{worker}", "task/async-apply/plan"):
            answer = requests.post(f"{stack.flower}/api/{order}", timeout=PATIENCE, auth=USER, json={"args": [1]})
            assert answer.status_code in (403, 405), order

    def results() -> set[str]:
        found = requests.get(stack.flower + "/api/tasks", timeout=PATIENCE, auth=USER).json()
        return {str(task["result"]).strip("'") for task in found.values()}

    until(lambda: any(re.search(rf" delivered · {uri} v1\b", told) for told in results()), results)
    until(lambda: any(re.match(rf"6 deliveries planned.* · {uri} v1$", told) for told in results()), results)
    until(lambda: f"made · {uri} v1 · en" in results(), results)
    assert "event refused" not in stack.log("flower")


FORGED: tuple[dict[str, Any], ...] = (
    {"freq": "60"}, {"freq": None}, {"timestamp": "now"}, {"timestamp": float("nan")}, {"clock": "x"},
    {"clock": 10**400}, {"heartbeats": 1}, {"alive": True}, {"event": 1}, {"active": {}}, {"hostname": 5},
    {"hostname": None}, {"loadavg": 7}, {"utcoffset": "x"}, {"sw_ident": ["x"]}, {"pid": 1e400},
)  # fmt: skip
"""Fields of a heartbeat that break a page of Flower, or the whole of it."""


def test_forged_events_break_no_page_of_flower(stack: Stack) -> None:
    flower_is_up(stack)
    pages = ("/workers", "/workers?json=1", "/tasks", "/broker", "/api/tasks", "/metrics")

    def heard() -> bool:
        found = requests.get(stack.flower + "/workers?json=1", timeout=PATIENCE, auth=USER).json()
        return "honest@x" in {worker["hostname"] for worker in found["data"]}

    with (
        Celery(broker=stack.admin) as stranger,
        stranger.connection_for_write() as connection,
        stranger.events.Dispatcher(connection, hostname="forged@x") as dispatcher,
    ):

        def send(kind: str, **fields: Any) -> None:
            """One event, whatever it says."""
            sound = {"hostname": "forged@x", "timestamp": time.time(), "clock": 1, "utcoffset": 0, "pid": 1}
            dispatcher._publish({"type": kind, **sound, **fields}, dispatcher.producer, kind.replace("-", "."))

        for forged in FORGED:
            send("worker-heartbeat", **{"freq": 2.0, "active": 0, "processed": 0} | forged)
        send("task-received", uuid=["x"], name="plan", args="", kwargs="")
        send("task-started", uuid="x", timestamp="x")
        send("task-succeeded", uuid="y", runtime="x", children=1)
        send("nonsense", x=1)
        with redis.Redis.from_url(stack.admin) as client:
            for nonsense in (b"x", b"[]", b"{}", b'{"properties": {}}'):
                client.publish("/0.celeryev/worker.heartbeat", nonsense)

        def send_honest() -> bool:
            send("worker-heartbeat", hostname="honest@x", freq=2.0, active=0, processed=0)
            return heard()

        until(send_honest, stack.told)
    for page in pages:
        assert requests.get(stack.flower + page, timeout=PATIENCE, auth=USER).status_code == 200, page
    assert "forged@x" not in requests.get(stack.flower + "/workers?json=1", timeout=PATIENCE, auth=USER).text
    until(lambda: "forged@x" in stack.log("flower"), stack.told)  # the log says that an event was refused, and why


def test_guessing_at_flowers_password_is_slowed(stack: Stack) -> None:
    """By address: the others of this test are not held up."""
    flower_is_up(stack)
    place = urlsplit(stack.flower)

    def status(password: str, address: str) -> int:
        connection = http.client.HTTPConnection(place.hostname or "", place.port, source_address=(address, 0))
        with closing(connection):
            credentials = base64.b64encode(f"operations:{password}".encode()).decode()
            connection.request("GET", "/workers", headers={"Authorization": f"Basic {credentials}"})
            return connection.getresponse().status

    assert {status(f"guess {n}", "127.0.0.66") for n in range(FREE)} == {401}
    until(lambda: status("a guess more", "127.0.0.66") == 429)
    assert status("Flowerpasswort", "127.0.0.67") == 200


def test_workers_obey_nobody_who_can_write_to_the_broker(stack: Stack) -> None:
    """One `cancel_consumer` would otherwise stop all deliveries, and every heartbeat would go on."""
    with Celery(broker=stack.admin) as stranger:
        stranger.control.cancel_consumer("deliver")
        assert stranger.control.ping(timeout=2) == []
    uri = submit(stack, circuits=["few"])
    until(lambda: states(uri).get("delivered") == 3, lambda: f"{states(uri)} {stack.told()}")


def test_the_broker_refused_nobody_who_did_what_is_theirs(stack: Stack) -> None:
    """Since it was last started: all of the above went through users with rules."""
    with redis.Redis.from_url(stack.admin) as client:
        assert client.acl_log() == []


def test_what_is_in_the_home_is_for_its_owner_only(stack: Stack) -> None:
    """Embargoed texts stand in the ledger, in logs and in the files of the broker."""
    assert stack.home.stat().st_mode & 0o777 == 0o700
    for folder, folders, files in os.walk(stack.home):
        for path in (Path(folder, name) for name in (*folders, *files) if name != "up.log"):  # which is the test's own
            with suppress(FileNotFoundError):  # some are there for a moment only
                assert path.lstat().st_mode & 0o077 == 0, path


def test_a_process_sees_no_secret_of_others(stack: Stack) -> None:
    """The password of Flower was in the environment of `fanwire up`."""
    for process in stack.everything():
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            assert "Flowerpasswort" not in Path("/proc", str(process.pid), "environ").read_text(errors="replace")
    whose = {name: process for process, command in commands(stack).items() for name in command}
    assert holds(whose["workers.ops"].pid, b"Flowerpasswort")
    assert not holds(whose["workers.web.serve"].pid, b"Flowerpasswort")
    assert not holds(whose["workers.fork_server"].pid, b"Flowerpasswort")


def commands(stack: Stack) -> dict[psutil.Process, list[str]]:
    """All processes of a stack that run now, and their commands."""
    found = {}
    for process in stack.everything():
        with suppress(psutil.NoSuchProcess):  # which a zombie is too
            found[process] = process.cmdline()
    return found


WHO_ASKS = ("intake@%h", "workers.web.serve")
"""In their commands: those who ask the fork server for processes beside supervisord, and have its socket."""


def test_all_processes_of_ours_were_forked(stack: Stack) -> None:
    """Each time that they were started."""
    assert "started by exec" not in (stack.home / "up.log").read_text()
    until(lambda: are_as_forked(stack), lambda: commands(stack))  # while one begins, it still has what its server has


def are_as_forked(stack: Stack) -> bool:
    of = commands(stack)
    names = {process.pid: command for process, command in of.items()}
    parents = [parent_of(process) for process, command in of.items() if "workers.reader_process" in command]
    asking = os.readlink(f"/proc/{stack.process.pid}/fd/{forking.INHERITED}")  # noqa: PTH115
    who = [command for process, command in of.items() if asking in open_in(process.pid)]
    return (
        bool(parents)
        and all("workers.fork_server" in names.get(parent, ()) for parent in parents)
        and len(who) == len(WHO_ASKS)
        and all(any(name in command for command in who) for name in WHO_ASKS)
    )


def parent_of(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return process.ppid()
    return 0


def open_in(pid: int) -> set[str]:
    """What a process has open, as /proc names it; nothing once it has ended."""
    found = set()
    with suppress(FileNotFoundError, ProcessLookupError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                found.add(os.readlink(link))  # noqa: PTH115
    return found


def test_no_secret_in_any_log(stack: Stack) -> None:
    passwords = [url.split(":")[2].split("@")[0] for url in addresses(stack.home).values()]
    for file in [*stack.home.glob("log/*.log"), stack.home / "up.log"]:
        text = file.read_text()
        assert not [password for password in passwords if password in text], file
        assert "Flowerpasswort" not in text, file
    for command in commands(stack).values():
        told = " ".join(command)
        assert not [password for password in passwords if password in told]
        assert "Flowerpasswort" not in told
    assert not [password for password in passwords if password in (stack.home / "valkey/valkey.conf").read_text()]


@pytest.mark.parametrize("name", ["intake", "translate", "format", "deliver", "flower", "web"])
def test_a_log_line_names_its_process(stack: Stack, name: str) -> None:
    whole = stack.log(name).rpartition("\n")[0]  # the last line may be in the middle of being written
    lines = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
    assert {line["process"] for line in lines} == {name}


@pytest.mark.parametrize("name", ["intake", "translate", "format", "deliver", "web"])
def test_no_worker_logged_a_traceback(stack: Stack, name: str) -> None:
    """All the kills above are things that happen, not faults of ours."""
    happens = ("WorkerLostError", "Couldn't ack")  # a pool process was killed; the broker was
    lines = [line for line in stack.log(name).splitlines() if not any(known in line for known in happens)]
    told = [line for line in lines if "Traceback" in line]
    assert not told, told[0][:3000]


def test_sigterm_ends_every_process_and_what_is_in_flight_is_finished(stack: Stack) -> None:
    """The last of all, for it ends the stack."""
    submit(stack, circuits=["hangs"])
    uri = submit(stack)
    until(lambda: any(receipt["outlet"] == "hangs" for receipt in stack.farm.receipts()), stack.told)
    family = stack.everything()
    assert len(family) >= 11  # broker, four workers, four or more pool processes, Flower, the web server
    stack.process.send_signal(signal.SIGTERM)
    assert stack.process.wait(PATIENCE) == 0
    _, left = psutil.wait_procs(family, timeout=20)
    assert not left, [process.cmdline() for process in left]
    assert "claimed" not in states(uri)
    assert states(uri).get("delivered", 0) == stack.farm.tally(uri)["accepted"]
