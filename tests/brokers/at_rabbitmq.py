"""The main job at RabbitMQ, by nothing but its address: over TLS, while its node is restarted, and of a whole stack."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from farm import Farm

from tests.faults.oracle import open_book
from tests.faults.scene import Scene, with_producer
from tests.support.authority import Authority
from tests.support.processes import free_port, until
from tests.support.rabbitmq import RabbitMQ, own_rabbitmq
from tests.support.stacks import running

from .conftest import TIMES, Opened
from .main_job import main_job

QUEUES = ("releases", "plan", "translate", "format", "deliver")


def test_a_node_that_is_killed_and_started_again(opened: Opened, tmp_path: Path) -> None:
    with own_rabbitmq(_folder(tmp_path)) as node, opened(node.url("worker"), node.url("producer")) as scene:
        main_job(scene, lambda: _restart(node))


def test_over_tls(opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("FANWIRE_CA_FILE", str(authority.bundle))  # of the producer in this process
    certificate = authority.certificate("127.0.0.1")
    with own_rabbitmq(_folder(tmp_path), certificate=certificate, authority=authority.bundle) as node:
        trusting = {"CA_FILE": str(authority.bundle)}
        with opened(node.url("worker"), node.url("producer"), **trusting) as scene:
            main_job(scene)


def test_a_whole_stack_whose_broker_it_is(farm: Farm, tmp_path: Path) -> None:
    web = free_port()
    settings = TIMES | with_producer(tmp_path) | {"FLOWER_PASSWORD": "Flowerpasswort", "WEB_PORT": str(web)}
    with (
        own_rabbitmq(_folder(tmp_path)) as node,
        running(tmp_path / "home", farm, settings | {"BROKER_URL": node.url()}) as stack,
    ):
        book = open_book(stack)
        main_job(Scene(stack, farm, book), lambda: _restart(node))
        book.dispose()
        assert "the broker answers (RabbitMQ" in stack.run("doctor")

        def metrics() -> set[str]:
            return set(requests.get(f"http://127.0.0.1:{web}/metrics", timeout=5).text.splitlines())

        empty = {f'fanwire_queue_messages{{queue="{queue}"}} 0.0' for queue in QUEUES}
        until(lambda: empty | {"fanwire_broker_up 1.0"} <= metrics(), stack.told)

        def workers() -> set[str]:
            found = requests.get(f"{stack.flower}/workers?json=1", timeout=5, auth=("operations", "Flowerpasswort"))
            return {worker["hostname"].partition("@")[0] for worker in found.json()["data"] if worker["status"]}

        until(lambda: workers() == {"intake", "translate", "format", "deliver"}, stack.told)


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "rabbitmq"
    folder.mkdir()
    return folder


def _restart(node: RabbitMQ) -> None:
    node.kill(QUEUES)
    node.start()
