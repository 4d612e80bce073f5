"""`rediss://` is TLS, verified, for everybody who speaks to the broker; a password goes to nobody else."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import func, select

from tasks import ledger, pipeline
from tasks.delivery.admission.shared_state import Call, Script
from tasks.ledger import outlets, refusals, schema
from tasks.runtime.errors import ConfigurationRefused
from tasks.runtime.settings import settings
from tests.support.authority import Authority
from tests.support.forks import fork
from tests.support.processes import end, environment, until
from tests.support.samples import outlet, release
from tests.support.threads import PATIENCE
from tests.support.tls_broker import TlsDoor, tls_door
from tests.support.valkeys import be_patient
from workers import broker as configured
from workers import doctor, intake, stack
from workers.ops.queue_lengths import Queues
from workers.producer import NoReceipt, Producer
from workers.releases_queue import RELEASES, tls_options

pytestmark = pytest.mark.usefixtures("none_trusted")
HERE = "127.0.0.1"
ASKED = Call(script=Script("return 1"), keys=["fanwire:x"], arguments=[], read=int, fallback=0)
"""1 from a broker, 0 from nobody."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One that nobody trusts."""
    return Authority(tmp_path_factory.mktemp("another"))


@pytest.fixture(scope="module")
def door(authority: Authority, valkey: str) -> Iterator[TlsDoor]:
    """The broker behind TLS, with a certificate for its address."""
    with tls_door(authority.context(HERE), valkey) as door:
        yield door


@pytest.fixture
def client(valkey: str, sqlite_ledger: None) -> Iterator[redis.Redis]:
    """The broker as it is, empty."""
    with redis.Redis.from_url(valkey) as client:
        client.flushall()
        yield client


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries wait for seconds before they try again; and an answer may take long on a busy machine."""
    be_patient(monkeypatch)
    for place in ("kombu.utils.functional.sleep", "redis.retry.sleep"):
        monkeypatch.setattr(place, lambda _seconds: None)


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch, authority: Authority) -> Callable[..., str]:
    """`configure(url, …)`: it is the configured broker, and our authority is trusted; the address."""

    def one(url: str, **more: str) -> str:
        for name, value in {"BROKER_URL": url, "CA_FILE": str(authority.bundle), **more}.items():
            monkeypatch.setenv(f"FANWIRE_{name}", value)
        settings.cache_clear()
        return url

    return one


@pytest.fixture(scope="module")
def wrong_contexts(authority: Authority, another: Authority) -> dict[str, ssl.SSLContext]:
    return {
        "authority": another.context(HERE),
        "name": authority.context("other.example"),
        "date": authority.context(HERE, days=-1),
    }


@contextmanager
def application() -> Iterator[Any]:
    """Celery's, as workers and Flower make it for the configured broker."""
    from workers.application import make_app  # which needs one

    made = make_app()
    try:
        yield made
    finally:
        made.close()


# --- everybody who speaks to the broker; each raises, or says False, when it could not


def by_producer(url: str) -> bool:
    with Producer(url) as producer, pytest.raises(NoReceipt) as caught:
        producer.submit(b"{}", timeout=0.5)
    return "does the broker have an intake" in str(caught.value)


def by_intake(url: str) -> bool:
    """What there is to read is read."""
    with ledger.read() as connection:
        before = len(refusals.latest(connection, 50))

    def one_more() -> bool:
        with ledger.read() as connection:
            return len(refusals.latest(connection, 50)) > before

    intake.consume(one_more)
    return one_more()


def by_celery(url: str) -> bool:
    """By the connection of workers, and of those who leave hints for them."""
    with application() as app, app.connection_for_write() as connection:
        connection.connect()
        return bool(connection.default_channel.client.ping())


def by_drains(url: str) -> bool:
    with application() as app:
        return pipeline.shared_state(app.conf).run(ASKED) == 1


def by_doctor(url: str) -> bool:
    return "the broker answers" in " ".join(finding.what for finding in doctor._broker())


def by_commands(url: str) -> bool:
    return configured.require_broker() == url


def by_commands_that_forget_failures(url: str) -> bool:
    with closing(configured.shared_state()) as state:
        return state.run(ASKED) == 1


def by_flower(url: str) -> bool:
    found = asyncio.run(Queues(url).queues([RELEASES]))
    return [queue["name"] for queue in found] == [RELEASES]


SPEAKERS = [
    by_producer, by_intake, by_celery, by_drains, by_doctor, by_commands,
    by_commands_that_forget_failures, by_flower,
]  # fmt: skip
Speaker = Callable[[str], bool]


def spoke(speaker: Speaker, url: str) -> str:
    """Empty if it did, else why not."""
    try:
        return "" if speaker(url) else "it said no"
    except Exception as error:  # each library has its own
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_a_broker_whose_certificate_is_trusted(
    door: TlsDoor, client: redis.Redis, configure: Any, speaker: Speaker
) -> None:
    client.lpush(RELEASES, b"no message")
    assert spoke(speaker, configure(door.url())) == ""


@pytest.mark.parametrize("speaker", SPEAKERS)
@pytest.mark.parametrize("wrong", ["authority", "name", "date"])
def test_a_broker_with_a_wrong_certificate(
    wrong_contexts: dict[str, ssl.SSLContext],
    valkey: str,
    client: redis.Redis,
    configure: Any,
    speaker: Speaker,
    wrong: str,
) -> None:
    client.lpush(RELEASES, b"no message")
    with tls_door(wrong_contexts[wrong], valkey) as wrong_door:
        assert spoke(speaker, configure(wrong_door.url())) != ""
    assert client.llen(RELEASES) == 1


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_a_listener_without_tls_hears_no_password(client: redis.Redis, configure: Any, speaker: Speaker) -> None:
    with tls_door(None, None) as plain:
        url = configure(plain.url())
        speaking = threading.Thread(target=spoke, args=(speaker, url), daemon=True)
        speaking.start()
        until(lambda: plain.heard)
        heard = plain.heard
    speaking.join(PATIENCE)
    assert heard.startswith(b"\x16\x03"), "it is the beginning of a TLS handshake"
    assert b"AUTH" not in heard
    assert b"Geheimnis" not in heard


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_a_certificate_of_our_own(
    authority: Authority, valkey: str, client: redis.Redis, configure: Any, speaker: Speaker
) -> None:
    client.lpush(RELEASES, b"no message")
    context = authority.context(HERE)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.bundle)
    pem = str(authority.certificate("worker.example"))
    for given in ({}, {"BROKER_CERTIFICATE": pem, "BROKER_CERTIFICATE_KEY": pem}):
        with tls_door(context, valkey) as asking:
            assert bool(spoke(speaker, configure(asking.url(), **given))) is not bool(given)


# --- what people are told


def test_commands_say_what_is_wrong(authority: Authority, another: Authority, valkey: str, configure: Any) -> None:
    with tls_door(another.context(HERE), valkey) as wrong:
        configure(wrong.url())
        with pytest.raises(configured.NoBroker) as caught:
            configured.require_broker()
    told = str(caught.value)
    place = f"the broker at {HERE}:{wrong.port} (FANWIRE_BROKER_URL)"
    assert told.startswith(f"{place} has a certificate that is not trusted (")
    assert told.endswith("FANWIRE_CA_FILE names more authorities")
    with tls_door(None, None) as plain:
        configure(plain.url())
        with pytest.raises(configured.NoBroker, match="does not speak TLS"):
            configured.require_broker()


def test_a_producer_does_not_wait_for_a_broker_that_is_not_trusted(another: Authority, valkey: str) -> None:
    with (
        tls_door(another.context(HERE), valkey) as wrong,
        Producer(wrong.url()) as producer,
        pytest.raises(NoReceipt, match="has a certificate that is not trusted"),
    ):
        producer.submit(b"{}", timeout=3600)


def test_doctor_says_that_a_password_goes_out_in_the_clear(configure: Any) -> None:
    configure("redis://:geheim@192.0.2.1:6379/0")
    [finding] = [finding for finding in doctor._clear_text() if "broker" in finding.what]
    assert (finding.level, "192.0.2.1:6379" in finding.what) == ("note", True)
    assert "geheim" not in finding.what
    for url in ("redis://127.0.0.1/0", "redis://localhost/0", "rediss://192.0.2.1/0"):
        configure(url)
        assert not [finding for finding in doctor._clear_text() if "broker" in finding.what]


@pytest.mark.parametrize("url", ["rediss://x/0?ssl_cert_reqs=none", "redis://x/0?ssl_ca_certs=/x"])
def test_an_address_cannot_switch_verifying_off(configure: Any, url: str) -> None:
    configure(url)
    with pytest.raises(ConfigurationRefused, match="FANWIRE_CA_FILE"):
        settings()
    with pytest.raises(ValueError, match="ca_file"):
        Producer(url)


@pytest.mark.parametrize("name", ["BROKER_CERTIFICATE", "BROKER_CERTIFICATE_KEY"])
def test_a_certificate_that_is_not_there(configure: Any, name: str, authority: Authority) -> None:
    pem = str(authority.certificate("worker.example"))
    configure("rediss://x/0", **{"BROKER_CERTIFICATE": pem, "BROKER_CERTIFICATE_KEY": pem} | {name: "/nowhere.pem"})
    with pytest.raises(ConfigurationRefused, match=f"FANWIRE_{name}: cannot be read"):
        configured.tls()


def test_options_of_a_plain_broker_are_none() -> None:
    assert tls_options("redis://x/0", ca_file="/x") == {}


# --- the whole way


def test_a_release_by_a_worker_over_tls(
    door: TlsDoor, client: redis.Redis, authority: Authority, tmp_path: Path
) -> None:
    """Celery reads TLS in its event loop, and intake in a thread."""
    with ledger.write() as connection:
        outlets.put(connection, [outlet("a")], ledger.now(connection))
    env = environment(settings().home, BROKER_URL=door.url(), CA_FILE=str(authority.bundle))
    log = tmp_path / "intake.log"
    worker = fork(stack.command("intake"), env, log)
    try:
        with Producer(door.url(), ca_file=str(authority.bundle)) as producer:
            receipt = producer.submit(release(), timeout=PATIENCE)
        assert receipt.status == "accepted", json.dumps(receipt.to_dict())

        def planned() -> int:
            with ledger.read() as connection:
                return connection.execute(select(func.count()).select_from(schema.deliveries)).scalar_one()

        until(planned, log.read_text)
    finally:
        end(worker)
    assert "Geheimnis" not in log.read_text()
