"""The main job at Valkeys that are reached in other ways, by nothing but their address."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.authority import Authority
from tests.support.processes import addresses, own_valkey
from tests.support.tls_broker import tls_door
from tests.support.valkeys import own_sentinels, valkey_behind_socket
from workers.broker_users import User

from .conftest import Opened
from .main_job import main_job


@pytest.mark.parametrize("scheme", ["unix", "redis+socket"])
def test_behind_a_socket_that_is_gone_for_a_moment(opened: Opened, short_path: Path, scheme: str) -> None:
    with valkey_behind_socket(short_path) as (valkey, url):

        def restart() -> None:
            valkey.kill()
            valkey.start()

        for_workers, for_producers = (url(user).replace("unix", scheme) for user in (User.WORKER, User.PRODUCER))
        with opened(for_workers, for_producers) as scene:
            main_job(scene, restart if scheme == "unix" else lambda: None)


def test_over_tls_each_as_a_user_of_its_own(opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("FANWIRE_CA_FILE", str(authority.bundle))  # of the producer in this process
    with own_valkey(tmp_path / "valkey"):
        users = addresses(tmp_path / "valkey")
        context = authority.context("127.0.0.1")
        with (
            tls_door(context, users[User.WORKER]) as ours,
            tls_door(context, users[User.PRODUCER]) as theirs,
            opened(ours.url(), theirs.url(), CA_FILE=str(authority.bundle)) as scene,
        ):
            main_job(scene)


def test_a_master_that_is_lost_and_replaced_by_its_sentinels(opened: Opened, tmp_path: Path) -> None:
    with own_sentinels(tmp_path / "valkeys") as sentinels:
        lost = sentinels.master()
        with opened(sentinels.url(User.WORKER), sentinels.url(User.PRODUCER)) as scene:
            main_job(scene, sentinels.kill_master)
        assert sentinels.master() != lost
