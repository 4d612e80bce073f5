"""The whole way of a release through real processes, and what becomes of it when they are killed on the way."""

from __future__ import annotations

import json
import signal
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
import requests
from processes import until
from samples import release
from sqlalchemy import select

from tasks import ledger
from tasks.ledger import counts, releases
from tasks.ledger.schema import attempts, deliveries
from workers.producer import Producer

from .conftest import PRESS, Stack

DE = {"de": {"headline": "Acme Robotics eröffnet ein Werk in Porto", "body_html": "<p>Das Werk ist eröffnet.</p>"}}


def submit(stack: Stack, **fields: Any) -> str:
    """A release of its own to the 300 outlets of the circuit `press`; its URI."""
    wanted = release(**{"uri": f"urn:x:{uuid.uuid4().hex}", "circuits": ["press"], **fields})
    with Producer(stack.broker) as producer:
        assert producer.submit(wanted, timeout=30).status == "accepted"
    return wanted.uri


def states(uri: str) -> dict[str, int]:
    with ledger.read() as book:
        row = releases.find(book, uri)
        return counts.total(counts.states(book, row.id)) if row else {}


def wait_until_delivered(stack: Stack, uri: str, count: int = PRESS, seconds: float = 40) -> None:
    until(lambda: states(uri) == {"delivered": count}, seconds, lambda: f"{states(uri)} {stack.told()}")


def assert_all_have_it_once(stack: Stack, uri: str) -> None:
    """Nobody is missing; who got it twice got the same key, and the ledger says that it was not sure."""
    tally = stack.farm.tally(uri)
    assert tally["releases"][uri]["1"]["en"]["outlets"] == PRESS
    doubled = {fault["outlet"] for fault in tally["doubled"]}
    assert not {name for name in tally if name != "doubled" and tally[name] and isinstance(tally[name], list)}
    with ledger.read() as book:
        number = releases.find(book, uri).id
        unsure = set(
            book.execute(
                select(deliveries.c.outlet_id)
                .join(attempts, attempts.c.delivery_id == deliveries.c.id)
                .where(deliveries.c.release_id == number, attempts.c.verdict == "unsure")
            ).scalars()
        )
    assert doubled <= unsure


def in_the_middle_of(stack: Stack, uri: str, then: Callable[[], Any]) -> None:
    """Do something to the stack when about a fifth of the outlets has the release."""
    until(lambda: stack.farm.health()["receipts"] > PRESS / 5, 20, stack.told)
    then()
    assert stack.farm.health()["accepted"] < PRESS  # else it came too late to test anything


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
    told = json.loads(stack.run("report", uri, "--format", "json"))
    assert {line["outlet"]: line["state"] for line in told["undelivered"]} == {
        "few-moved": "rejected",
        "few-none": "held",
    }
    assert "few-down" in stack.run("report", uri, "--format", "csv")
    assert "<html" in stack.run("report", uri, "--format", "html")
    assert stack.farm.tally(uri)["faultless"]
    assert "known" in stack.run("submit", str(file))
    file.write_text(release(uri=uri, circuits=["few"], headline="Other").to_json())
    assert "higher version" in stack.run("submit", str(file), status=1)
    assert "unsafe" not in json.dumps([f for f in json.loads(stack.run("doctor", "--json")) if f["level"] == "unsafe"])


def test_a_kill_reaches_those_who_have_it(stack: Stack, tmp_path: Path) -> None:
    uri = submit(stack, circuits=["few"], translations=DE)
    until(lambda: states(uri).get("delivered") == 4, 20, stack.told)
    stack.run("kill", uri, "--note", "Wrong company")
    until(lambda: states(uri) == {"delivered": 4}, 20, lambda: states(uri))
    receipts = stack.farm.receipts(release=uri, version="2")
    assert {(r["outlet"], r["language"], r["action"]) for r in receipts} == {
        ("few-en", "en", "kill"), ("few-de", "de", "kill"), ("few-de", "en", "kill"), ("few-down", "en", "kill"),
    }  # fmt: skip


def test_of_two_releases_at_once_the_urgent_one_is_done_first(stack: Stack) -> None:
    slow, flash = submit(stack, urgency=6), submit(stack, urgency=1)
    wait_until_delivered(stack, flash)
    wait_until_delivered(stack, slow)
    last = {uri: max(receipt["time"] for receipt in stack.farm.receipts(release=uri)) for uri in (slow, flash)}
    assert last[flash] < last[slow]
    assert stack.farm.tally()["faultless"]


def test_a_deliver_worker_killed_on_the_way(stack: Stack) -> None:
    uri = submit(stack)
    in_the_middle_of(stack, uri, lambda: stack.worker("deliver").kill())
    wait_until_delivered(stack, uri)
    assert_all_have_it_once(stack, uri)


def test_a_pool_process_killed_on_the_way(stack: Stack) -> None:
    uri = submit(stack)
    in_the_middle_of(stack, uri, lambda: stack.worker("deliver").children()[0].kill())
    wait_until_delivered(stack, uri)
    assert_all_have_it_once(stack, uri)


def test_every_worker_killed_at_once(stack: Stack) -> None:
    def kill() -> None:
        for name in ("intake", "prepare", "deliver"):
            stack.worker(name).kill()

    uri = submit(stack)
    in_the_middle_of(stack, uri, kill)
    other = submit(stack, circuits=["few"])  # as soon as there is an intake again
    wait_until_delivered(stack, uri)
    assert_all_have_it_once(stack, uri)
    until(lambda: states(other).get("delivered") == 3, 20, lambda: states(other))


def test_a_broker_emptied_on_the_way(stack: Stack) -> None:
    def flush() -> None:
        with redis.Redis.from_url(stack.broker) as client:
            client.flushall()

    uri = submit(stack)
    in_the_middle_of(stack, uri, flush)
    wait_until_delivered(stack, uri)
    assert_all_have_it_once(stack, uri)
    later = submit(stack, circuits=["few"])
    began = time.monotonic()
    until(lambda: states(later).get("delivered") == 3, 20, lambda: f"{states(later)} {stack.told()}")
    assert time.monotonic() - began < 4  # by hints, not only by the clock's second look


def test_a_broker_killed_on_the_way(stack: Stack) -> None:
    def kill() -> None:
        with redis.Redis.from_url(stack.broker) as client:
            pid = client.info("server")["process_id"]
        [broker] = [process for process in stack.everything() if process.pid == pid]
        broker.send_signal(signal.SIGKILL)

    uri = submit(stack)
    in_the_middle_of(stack, uri, kill)
    wait_until_delivered(stack, uri)
    assert_all_have_it_once(stack, uri)
    later = submit(stack, circuits=["few"])
    until(lambda: states(later).get("delivered") == 3, 30, lambda: f"{states(later)} {stack.told()}")


def test_flower_is_read_only_and_behind_its_password(stack: Stack) -> None:
    until(lambda: requests.get(stack.flower + "/healthcheck", timeout=5).ok, 20, stack.told)
    uri = submit(stack, circuits=["few"])
    until(lambda: states(uri).get("delivered") == 3, 20, lambda: states(uri))
    user = ("operations", "Flowerpasswort")
    for path in ("/", "/workers", "/tasks", "/api/workers", "/api/tasks", "/api/queues/length"):
        assert requests.get(stack.flower + path, timeout=10).status_code == 401, path
        assert requests.get(stack.flower + path, timeout=10, auth=("operations", "wrong")).status_code == 401, path
    assert requests.get(stack.flower + "/workers", timeout=10, auth=user).status_code == 200
    workers = requests.get(stack.flower + "/api/workers", timeout=10, auth=user).json()
    assert {name.partition("@")[0] for name in workers} == {"intake", "prepare", "deliver"}
    for worker in workers:
        for order in (f"worker/shutdown/{worker}", f"worker/pool/restart/{worker}", "task/async-apply/plan"):
            answer = requests.post(f"{stack.flower}/api/{order}", timeout=10, auth=user, json={"args": [1]})
            assert answer.status_code in (403, 405), order

    def results() -> set[str]:
        found = requests.get(stack.flower + "/api/tasks", timeout=10, auth=user).json()
        return {str(task["result"]).strip("'") for task in found.values()}

    until(lambda: any(told.startswith(f"deliver · {uri} v1 · ") for told in results()), 10, results)
    told = results()
    assert any(text.startswith(f"plan · {uri} v1 · 5 deliveries") for text in told)
    assert "format · en · made" in told


def test_no_secret_in_any_log(stack: Stack) -> None:
    password = stack.broker.split(":")[2].split("@")[0]
    for file in [*stack.home.glob("log/*.log"), stack.home / "up.log"]:
        text = file.read_text()
        assert password not in text, file
        assert "Flowerpasswort" not in text, file
    for process in stack.everything():
        told = " ".join(process.cmdline())
        assert password not in told
        assert "Flowerpasswort" not in told
    assert (stack.home / "broker.url").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["intake", "prepare", "deliver"])
def test_no_worker_logged_a_traceback(stack: Stack, name: str) -> None:
    """All the kills above are things that happen, not faults of ours."""
    told = [line for line in stack.log(name).splitlines() if "Traceback" in line and "WorkerLostError" not in line]
    assert not told, told[0][:3000]
