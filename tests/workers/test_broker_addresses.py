"""Every form of a broker's address: what is read of it, what is refused, and that everybody who speaks to it can."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.runtime.errors import ConfigurationRefused
from tasks.runtime.settings import settings
from tests.support.authority import Authority
from tests.support.tls_broker import tls_door
from tests.support.valkeys import ADMIN, Sentinels, Valkey, be_patient, started, valkey_behind_socket
from workers import broker as configured
from workers import broker_checks, doctor
from workers.broker_address import Kind, read_address
from workers.broker_users import User
from workers.finding import Finding
from workers.releases_queue import RELEASES

from .test_broker_tls import SPEAKERS, Speaker, spoke

pytestmark = pytest.mark.usefixtures("none_trusted")
HERE = "127.0.0.1"


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    be_patient(monkeypatch)


@pytest.mark.parametrize(
    ("url", "kind", "place", "kombu_url"),
    [
        ("redis://worker:a%2Fb@h:1/2", Kind.REDIS, "h:1", "redis://worker:a%2Fb@h:1/2"),
        ("rediss://h", Kind.REDIS, "h:6379", "rediss://h:6379/0"),
        ("redis://:p@[::1]", Kind.REDIS, "[::1]:6379", "redis://:p@[::1]:6379/0"),
        ("unix:///run/v.sock", Kind.SOCKET, "/run/v.sock", "redis+socket:///run/v.sock?virtual_host=0"),
        ("redis+socket://u:p@/run/v.sock?virtual_host=3", Kind.SOCKET, "/run/v.sock",
         "redis+socket://u:p@/run/v.sock?virtual_host=3"),
        ("sentinel://u:p@a;b:1;c/2", Kind.SENTINEL, "a:26379, b:1, c:26379",
         "sentinel://u:p@a:26379/2;sentinel://u:p@b:1/2;sentinel://u:p@c:26379/2"),
        ("sentinels://u:p@a:1;sentinels://b:1", Kind.SENTINEL, "a:1, b:1",
         "sentinel://u:p@a:1/0;sentinel://u:p@b:1/0"),
        ("amqp://u:p@h//", Kind.RABBITMQ, "h:5672", "amqp://u:p@h:5672/%2F"),
        ("amqps://u:p@a;b/wire", Kind.RABBITMQ, "a:5671, b:5671", "amqps://u:p@a:5671/wire;amqps://u:p@b:5671/wire"),
    ],
)  # fmt: skip
def test_what_is_read_of_an_address(url: str, kind: Kind, place: str, kombu_url: str) -> None:
    address = read_address(url)
    assert (address.kind, address.place, address.kombu_url) == (kind, place, kombu_url)
    assert address.tls is url.startswith(("rediss:", "sentinels:", "amqps:"))
    assert "p@" not in repr(address)


def test_options_of_sentinels() -> None:
    address = read_address("sentinel://a/0?master_name=wire&sentinel_username=s&sentinel_password=x%26y")
    assert (address.master, address.sentinel_user, address.sentinel_password) == ("wire", "s", "x&y")
    assert read_address("sentinel://a").master == "mymaster"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://geheim@h", "must begin with redis://"),
        ("redis://u:geheim/x@h", "%23 %2F"),
        ("redis:///geheim", "must name a host"),
        ("redis://h:0/geheim", "must name a host"),
        ("redis://h/geheim", "number"),
        ("redis://a;b", "must name a host"),
        ("unix://geheim", "whole path"),
        ("unix://host/geheim", "whole path"),
        ("sentinel://a:geheim@h;b:other@h", "same user"),
        ("sentinel://h?master=geheim", "1 options that are not known"),
        ("redis://h?geheim=1", "1 options that are not known"),
        ("amqps://h?ssl_cert_reqs=geheim", "TLS"),
    ],
)
def test_what_is_no_address_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, url: str, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        read_address(url)
    assert "geheim" not in str(caught.value)
    monkeypatch.setenv("FANWIRE_BROKER_URL", url)
    settings.cache_clear()
    with pytest.raises(ConfigurationRefused, match="FANWIRE_BROKER_URL") as refused:
        configured.address()
    assert "geheim" not in str(refused.value)


# --- everybody speaks to each kind of Valkey


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def behind_socket() -> Iterator[tuple[Valkey, str]]:
    folder = Path(tempfile.mkdtemp(prefix="fw-"))
    with valkey_behind_socket(folder) as (valkey, url):
        yield valkey, url(User.WORKER)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def sentinels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sentinels]:
    """One sentinel that never fails over, and one that is away."""
    found = Sentinels(tmp_path_factory.mktemp("sentinels"), down_after=3600)
    with started(found.valkeys[0], found.sentinels[1]):
        yield found


@pytest.fixture(scope="module")
def sentinels_with_tls(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[tuple[Valkey, str]]:
    """A sentinel and its master, both behind TLS."""
    plain = Sentinels(tmp_path_factory.mktemp("plain"), down_after=3600)
    context = authority.context(HERE)
    master = f"redis://{ADMIN['username']}:{ADMIN['password']}@{HERE}:{plain.ports[0]}"
    with tls_door(context, master) as door:
        watching = Sentinels(tmp_path_factory.mktemp("watching"), master_port=door.port, down_after=3600)
        with (
            started(plain.valkeys[0], watching.sentinels[0]),
            tls_door(context, f"redis://{HERE}:{watching.sentinel_ports[0]}") as sentinel,
        ):
            yield plain.valkeys[0], f"sentinels://worker:Geheimnis-worker@{HERE}:{sentinel.port}/0"


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch, authority: Authority, sqlite_ledger: None) -> Any:
    """`configure(valkey, url)`: it is the configured broker, and there is something to read; the address."""

    def one(valkey: Valkey, url: str) -> str:
        with valkey.client() as client:
            client.flushall()
            client.lpush(RELEASES, b"no message")
        monkeypatch.setenv("FANWIRE_BROKER_URL", url)
        monkeypatch.setenv("FANWIRE_CA_FILE", str(authority.bundle))
        settings.cache_clear()
        return url

    return one


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_behind_a_socket(behind_socket: tuple[Valkey, str], configure: Any, speaker: Speaker) -> None:
    assert spoke(speaker, configure(*behind_socket)) == ""


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_by_sentinels_of_which_the_first_is_away(sentinels: Sentinels, configure: Any, speaker: Speaker) -> None:
    assert spoke(speaker, configure(sentinels.valkeys[0], sentinels.url(User.WORKER))) == ""


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_by_sentinels_over_tls(sentinels_with_tls: tuple[Valkey, str], configure: Any, speaker: Speaker) -> None:
    assert spoke(speaker, configure(*sentinels_with_tls)) == ""


def test_sentinels_whose_certificate_is_not_trusted(
    sentinels_with_tls: tuple[Valkey, str], configure: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = configure(*sentinels_with_tls)
    monkeypatch.setenv("FANWIRE_CA_FILE", str(Authority(tmp_path).bundle))
    settings.cache_clear()
    assert [spoke(speaker, url) != "" for speaker in SPEAKERS] == [True] * len(SPEAKERS)


# --- what `fanwire doctor` says


def told(findings: Iterator[Finding], level: str) -> list[str]:
    return [finding.what for finding in findings if finding.level == level]


def test_doctor_says_that_nothing_could_take_over(sentinels: Sentinels, configure: Any) -> None:
    configure(sentinels.valkeys[0], sentinels.url(User.WORKER))
    unsafe = told(doctor._broker(), "unsafe")
    assert unsafe[0].endswith("there is nothing to fail over to")
    assert unsafe[1].startswith("2 of 3 sentinels do not answer: ")
    assert told(doctor._broker(), "note")[0].startswith("1 sentinels watch the master 'mymaster'")


def test_doctor_finds_nothing_at_a_socket(behind_socket: tuple[Valkey, str], configure: Any) -> None:
    configure(*behind_socket)
    assert {finding.level for finding in doctor._broker()} == {"fine"}
    assert not list(doctor._clear_text()), "a socket leads nowhere else"


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ({"role": "master", "connected_slaves": 0}, "the broker has no replica"),
        ({"role": "master", "connected_slaves": 1}, "a master that is cut off from its replicas"),
        ({"role": "master", "connected_slaves": 1, "min_slaves_good_slaves": 1}, None),
        ({"role": "slave"}, "the broker is a replica, and takes nothing"),
    ],
)
def test_doctor_says_what_becomes_of_a_broker_that_is_lost(server: dict[str, Any], said: str | None) -> None:
    found = [finding.what for finding in broker_checks.replication(server, fails_over=False)]
    assert [what[: len(said or "")] for what in found] == ([said] if said else [])


def test_doctor_says_that_no_limit_holds_without_a_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_BROKER_URL", "amqp://worker:geheim@192.0.2.1/")
    settings.cache_clear()
    [note] = told(broker_checks.examine_shared_state(limited_outlets=0), "note")
    assert note.endswith("no outlet and no host rests")
    [unsafe] = told(broker_checks.examine_shared_state(limited_outlets=2), "unsafe")
    assert unsafe.endswith("nothing keeps the limits per minute of 2 outlets")
    [clear] = [what for what in told(doctor._clear_text(), "note") if "broker" in what]
    assert "192.0.2.1:5672 without TLS; use amqps://" in clear


def test_the_drains_may_have_a_redis_of_their_own(
    behind_socket: tuple[Valkey, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANWIRE_BROKER_URL", "amqp://192.0.2.1/")
    monkeypatch.setenv("FANWIRE_SHARED_STATE_URL", behind_socket[1])
    settings.cache_clear()
    [fine] = told(broker_checks.examine_shared_state(limited_outlets=2), "fine")
    assert "Geheimnis" not in fine
    monkeypatch.setenv("FANWIRE_SHARED_STATE_URL", "amqp://192.0.2.1/")
    settings.cache_clear()
    with pytest.raises(ConfigurationRefused, match="FANWIRE_SHARED_STATE_URL"):
        settings()
