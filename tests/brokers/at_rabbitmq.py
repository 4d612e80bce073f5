"""The main job at RabbitMQ, by nothing but its address: over TLS, and while its node is restarted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.authority import Authority
from tests.support.rabbitmq import RabbitMQ, own_rabbitmq

from .conftest import Opened
from .main_job import main_job


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


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "rabbitmq"
    folder.mkdir()
    return folder


def _restart(node: RabbitMQ) -> None:
    node.kill()
    node.start()
