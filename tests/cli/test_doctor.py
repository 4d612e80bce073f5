"""What `fanwire doctor` says of the home, and of outlets that get nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import structlog

from tasks import ledger
from tasks.delivery.admission.breaker import THRESHOLD, Breaker
from tasks.ledger import metrics, outlets
from tasks.model.states import Verdict
from tasks.runtime.settings import settings
from tasks.translation import dictionaries
from tests.support.feeds import feed
from tests.support.processes import addresses, own_valkey
from tests.support.samples import outlet
from tests.support.valkeys import be_patient
from workers import broker as configured
from workers import doctor, measures
from workers.broker_users import User

from .conftest import Run


def told(part: str, level: str = "note") -> str:
    """The only finding of a part."""
    [finding] = list(getattr(doctor, part)())
    assert finding.level == level
    return str(finding.what)


def put(*documents: object) -> None:
    with ledger.write() as connection:
        outlets.put(connection, documents, ledger.now(connection))  # type: ignore[arg-type]


@pytest.mark.usefixtures("sqlite_ledger")
def test_languages_without_house_texts() -> None:
    put(outlet("a", languages=["en", "sw"]), outlet("b", languages=["sw"]), outlet("c", languages=["de", "pt-BR"]))
    assert told("_house_texts").endswith("sw (2 outlets)")
    put(outlet("b", languages=["en"]))
    assert told("_house_texts").endswith("sw (1 outlet)")
    assert "deliveries in these languages stay held" in told("_house_texts")


@pytest.mark.usefixtures("sqlite_ledger")
def test_a_clock_that_differs_from_that_of_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not [finding for finding in doctor._ledger() if finding.level != "fine"]
    monkeypatch.setattr(ledger, "now", lambda _: time.time() - 420)
    [note] = [finding.what for finding in doctor._ledger() if finding.level == "note"]
    assert note.startswith("the clock of this machine is 420 s ahead of that of the ledger")


@pytest.mark.usefixtures("sqlite_ledger")
def test_missing_dictionaries(monkeypatch: pytest.MonkeyPatch) -> None:
    put(outlet("a", languages=["en", "es"]), outlet("b", languages=["fr"], machine_translation="refuse"))
    monkeypatch.setattr(dictionaries, "_FOLDERS", ())
    said = told("_dictionaries")
    assert said.startswith(
        "no dictionary is here for translations into en, es, so the check `spelling` is off: apt-get"
    )
    assert said.partition("recommends ")[2].split()[:3] == ["hunspell-en-us", "hunspell-en-gb", "hunspell-es"]


@pytest.mark.usefixtures("sqlite_ledger")
def test_folders_for_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put(outlet("a", url=f"file://{tmp_path}/a/"))
    monkeypatch.setenv("FANWIRE_DELIVERY_FOLDERS", str(tmp_path))
    settings.cache_clear()
    assert list(doctor._folders()) == []
    monkeypatch.setenv("FANWIRE_DELIVERY_FOLDERS", str(tmp_path / "gone"))
    settings.cache_clear()
    missing, refused = (finding.what for finding in doctor._folders())
    assert missing == f"{tmp_path}/gone (FANWIRE_DELIVERY_FOLDERS) is no folder here; `deliver` must see it"
    assert refused.startswith(f"a gets nothing: {tmp_path}/a/ is not below a folder that is allowed")


@pytest.mark.usefixtures("sqlite_ledger")
def test_disabled_outlets() -> None:
    put(*(outlet(name) for name in "abc"))
    with ledger.write() as connection:
        outlets.set_status(connection, ["b"], "disabled", "410 Gone\x1b[31m", time.time())
        outlets.set_status(connection, ["c"], "paused", "holiday", time.time())
    assert told("_disabled").startswith(
        "1 outlets are disabled, and get nothing until `fanwire outlets resume ID`: b (410"
    )


@pytest.mark.usefixtures("sqlite_ledger")
def test_hosts_that_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(outlet("a", url="https://down.example/x"), outlet("b", url="https://up.example/x"))
    with own_valkey(tmp_path / "valkey"):
        monkeypatch.setenv("FANWIRE_BROKER_URL", addresses(tmp_path / "valkey")[User.WORKER])
        settings.cache_clear()
        be_patient(monkeypatch)
        assert list(doctor._resting()) == []
        failures = [("down.example:443", Verdict.FAILED, None)] * THRESHOLD
        Breaker(configured.shared_state(), deadline=30).record(failures, time.time())
        assert told("_resting").startswith("1 host failed, and nothing is sent there for now: down.example:443 (until ")
    assert list(doctor._resting()) == [], "that the broker is away is said elsewhere"


def test_a_home_that_cannot_be_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_HOME", "/proc/self")
    settings.cache_clear()
    assert told("_home", "unsafe").startswith("nothing can be written to the home /proc/self: ")


def test_a_home_that_can_be_written_to_or_is_not_there_yet(tmp_path: Path) -> None:
    assert list(doctor._home()) == []
    settings().home.mkdir()
    assert list(doctor._home()) == []
    assert list(settings().home.iterdir()) == []


def test_every_part_is_looked_at() -> None:
    names = {part.__name__ for part in doctor.PARTS}
    assert {"_home", "_house_texts", "_disabled", "_resting"} <= names


def test_what_is_no_trouble_is_not_logged_for_people(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "producers.yaml").write_text("producers: {acme: {keys: env:ACME_KEY, issuers: [Acme Robotics]}}")
    monkeypatch.setenv("FANWIRE_PRODUCERS", str(tmp_path / "producers.yaml"))
    monkeypatch.setenv("ACME_KEY", "whsec_" + "QUFB" * 10)
    settings.cache_clear()
    before = structlog.get_config() if structlog.is_configured() else None
    structlog.reset_defaults()
    try:
        done = run("doctor")
        structlog.get_logger().warning("what is trouble")
    finally:
        structlog.reset_defaults()
        if before:
            structlog.configure(**before)
    assert "producer" in done.stdout
    assert "producers read" not in done.output


@pytest.mark.usefixtures("sqlite_ledger")
def test_addresses_that_are_refused_are_counted_in_words() -> None:
    put(outlet("a", url="https://10.0.0.1/"))
    assert told("_addresses").startswith("1 outlet has an address that is not public, and gets nothing unless ")
    put(outlet("b", url="https://10.0.0.1/"))
    assert told("_addresses").startswith("2 outlets have an address that is not public, and get nothing unless ")


RELAY = {"SMTP_URL": "smtp://wire:geheim@relay.example", "SMTP_FROM": "wire@wire.example"}


@pytest.mark.usefixtures("sqlite_ledger")
@pytest.mark.parametrize(
    ("names", "findings"),
    [
        ({}, [("note", "1 outlet takes e-mails, and FANWIRE_SMTP_URL is not set in this shell")]),
        (RELAY, [("note", "FANWIRE_BOUNCE_DOMAIN is not set")]),
        (RELAY | {"BOUNCE_DOMAIN": "bounces.wire.example", "BOUNCES_URL": "maildir:///mail"}, []),
        (RELAY | {"BOUNCES_URL": "maildir:///mail"},
         [("note", "FANWIRE_BOUNCE_DOMAIN is not set"), ("unsafe", "FANWIRE_BOUNCES_URL is set without")]),
        ({**RELAY, "SMTP_URL": "smtp://127.0.0.1:25?tls=none", "BOUNCE_DOMAIN": "bounces.wire.example"},
         [("note", "e-mails go to the relay 127.0.0.1:25 without encryption")]),
    ],
)  # fmt: skip
def test_whether_e_mails_can_be_sent(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, str], findings: list[tuple[str, str]]
) -> None:
    for name, value in names.items():
        monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()
    put(outlet("a", url="mailto:desk@bote.example", format="email"), outlet("b"))
    found = list(doctor._mail())
    assert [(one.level, one.what[: len(text)]) for one, (_, text) in zip(found, findings, strict=True)] == findings
    assert "geheim" not in repr(found)


@pytest.mark.usefixtures("sqlite_ledger")
def test_feeds_that_nobody_can_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(doctor._feeds()) == []
    feed("desk")
    assert "nobody but this machine" in told("_feeds")
    monkeypatch.setenv("FANWIRE_WEB_URL", "https://wire.example")
    settings.cache_clear()
    assert list(doctor._feeds()) == []
    put(outlet("a", url="pull:", format="rss"))
    assert told("_feeds").startswith("1 outlet has a feed without an address: a;")


def test_secret_addresses_that_anybody_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_WEBSUB_HUB", "https://hub.example/")
    settings.cache_clear()
    assert "FANWIRE_WEB_URL" in told("_feeds")
    monkeypatch.setenv("FANWIRE_WEB_URL", "http://wire.example")
    settings.cache_clear()
    assert "use https://" in told("_feeds", "unsafe")
    monkeypatch.setenv("FANWIRE_WEB_URL", "http://127.0.0.1:8600")
    settings.cache_clear()
    assert list(doctor._feeds()) == []


@pytest.mark.usefixtures("sqlite_ledger")
def test_the_store_of_media(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told("_media", "fine").endswith(f"kept in {settings().home.absolute() / 'media'}")
    for name, value in {"URL": "s3://acme", "ENDPOINT": "http://127.0.0.1:9", "KEY_ID": "k", "SECRET": "s"}.items():
        monkeypatch.setenv(f"FANWIRE_MEDIA_{name}", value)
    settings.cache_clear()
    [away] = doctor._guarded(doctor._media)
    assert (away.level, away.what[:50]) == ("unsafe", "media: the bucket at 127.0.0.1:9 does not answer: ")


def test_a_ledger_that_does_not_answer_is_named_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part that reads the ledger waited for it and said so in the part's own name, for minutes."""
    monkeypatch.setenv("FANWIRE_LEDGER_URL", "postgresql+psycopg://fanwire:hidden@127.0.0.1:9/fanwire")
    settings.cache_clear()
    [said] = [line for line in run("doctor", "--json", status=1).stdout.splitlines() if "127.0.0.1:9" in line]
    assert "does not answer" in said
    assert "FANWIRE_LEDGER_URL" in said
    assert "hidden" not in said
    findings = [finding for finding in doctor.examine() if finding.level == "unsafe"]
    assert [finding.what[:12] for finding in findings if "refused" in finding.what] == ["the ledger ("]


def test_a_broker_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_BROKER_URL", "redis://:hidden@127.0.0.1:9/0")
    settings.cache_clear()
    said = told("_broker", "unsafe")
    assert said.startswith("the broker at 127.0.0.1:9 does not answer as it should: ")
    assert "FANWIRE_BROKER_URL" in said
    assert "hidden" not in said


@pytest.mark.usefixtures("sqlite_ledger")
def test_a_kind_of_workers_of_which_none_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was scaled away is no trouble, and while the broker is away nobody can be heard."""
    monkeypatch.setenv("FANWIRE_BROKER_URL", "redis://127.0.0.1:9/0")
    settings.cache_clear()
    with ledger.write() as connection:
        now = ledger.now(connection)
        beats = {"deliver@a": now - 2, "deliver@b": now - 400, "intake@a": now - 400}
        metrics.put(connection, measures.HEARTBEAT, beats, now)
        metrics.put(connection, measures.BROKER, {"": 1}, now)
    monkeypatch.setattr(ledger, "now", lambda _: now)
    assert told("_workers", "unsafe").startswith("no `intake` has sent a heartbeat for 40")
    with ledger.write() as connection:
        metrics.put(connection, measures.BROKER, {"": 0}, now)
    assert list(doctor._workers()) == []


def test_a_retention_file_that_cannot_be_read_is_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is taken from the ledger until it can, and only a notice said so."""
    file = tmp_path / "retention.yaml"
    monkeypatch.setenv("FANWIRE_RETENTION_FILE", str(file))
    settings.cache_clear()
    assert f"unsafe  {file} refused: (file): cannot be read" in run("doctor", status=1).stdout.replace("\n", "")
    file.write_text("days: {refusals: 30}")
    assert told("_retention", "fine").startswith(str(file))
