"""The clock finds what no message says; one acts at a time; and no secret shows anywhere."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from celery import Celery
from kombu.exceptions import OperationalError
from sqlalchemy import Engine, event, select, update
from typer.testing import CliRunner

from tasks import ledger, pipeline, planning
from tasks.building import translations as building_translations
from tasks.building.renditions import build_renditions
from tasks.building.translations import build_translation
from tasks.ledger import counts, deliveries, memory_entries, outlets, releases
from tasks.ledger.artifacts import TranslationKey
from tasks.ledger.schema import attempts, elections
from tasks.ledger.schema import releases as release_rows
from tasks.pipeline import PLANS_WAITING
from tasks.runtime.errors import UserError
from tasks.runtime.settings import settings
from tests.support.command_line import app
from tests.support.forks import fork_python
from tests.support.processes import end, environment, own_valkey, until
from tests.support.samples import outlet, release
from tests.support.threads import PATIENCE
from workers import clock
from workers.broker import broker_url
from workers.broker_users import User

LONG_AGO = 60.0


@pytest.fixture
def celery(celery: Celery, sqlite: None, broker: redis.Redis) -> Celery:
    return celery


def take(before: float = 0, **fields: Any) -> int:
    with ledger.write() as connection:
        outlets.put(connection, [outlet("a", languages=["en", "de"])], time.time())
        return releases.take(connection, release(**fields), time.time() - before).release_id


def hints(broker: redis.Redis) -> dict[str, int]:
    """{queue: messages that wait}, over all priorities."""
    found: dict[str, int] = {}
    for key in broker.scan_iter(_type="LIST"):
        name = key.decode().split("\x06")[0]
        found[name] = found.get(name, 0) + int(broker.llen(key))
    return found


def states(number: int) -> dict[str, int]:
    with ledger.read() as connection:
        return counts.total(counts.states(connection, number))


def test_no_tick_opens_a_connection_anew(broker: redis.Redis, book: Engine) -> None:
    """It would cost PostgreSQL a process each, and SQLite half of what a tick costs."""
    opened: list[Any] = []
    event.listen(ledger.sql_engine(), "connect", lambda connection, _record: opened.append(connection))
    for _ in range(3):
        assert clock.tick() is not None
    assert len(opened) == 1


# --- lost hints


def test_a_release_whose_hint_was_lost_is_planned(
    celery: Celery, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = take()
    with ledger.read() as connection:
        query = select(release_rows.c.received_at).where(release_rows.c.id == number)
        now = connection.execute(query).scalar_one() + 4
    monkeypatch.setattr(ledger, "now", lambda _: now)
    clock.tick()
    assert hints(broker) == {}  # its own hint may still be on the way
    take(before=3600, uri="urn:x:lost")
    clock.tick()
    clock.tick()
    assert hints(broker) == {"plan": 1}


def test_what_came_by_the_door_does_not_wait_for_the_next_tick(
    celery: Celery, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "LOOKS", 2000)
    monkeypatch.setenv("FANWIRE_TICK", "100")
    settings.cache_clear()
    ticking = clock.Clock(SimpleNamespace(hostname="a", app=celery))
    ticking._elected = True
    ticking.start(None)
    try:
        with ledger.write() as connection:
            now = time.time()
            releases.take(connection, release(), now, hint_at=now)
        until(lambda: hints(broker) == {"plan": 1})
    finally:
        ticking.stop(None)
        ticking._thread.join()


def test_in_a_burst_the_clock_leaves_few_hints_to_plan_and_the_most_urgent_first(
    celery: Celery, broker: redis.Redis
) -> None:
    for number in range(PLANS_WAITING + 2):
        take(before=LONG_AGO, uri=f"urn:x:{number}", urgency=9 if number < 2 else 3)
    clock.tick()
    assert hints(broker) == {"plan": PLANS_WAITING}
    assert [int(key.decode().partition("\x06")[2][-1]) for key in broker.scan_iter("plan*", _type="LIST")] == [3]
    take(before=LONG_AGO, uri="urn:x:late")
    clock.tick()
    assert hints(broker) == {"plan": PLANS_WAITING}


def test_translations_and_renditions_that_nobody_began_are_hinted_at(celery: Celery, broker: redis.Redis) -> None:
    planning.plan(take(), time.time() - LONG_AGO)
    clock.tick()
    clock.tick()
    assert hints(broker) == {"translate": 1, "format": 1}  # German waits for its translation


def test_what_is_due_gets_one_drain_if_one_can_take_it(celery: Celery, broker: redis.Redis) -> None:
    number = take()
    planning.plan(number, time.time())
    build_renditions(number, "en")
    for _ in range(3):
        clock.tick()
    assert hints(broker) == {"deliver": 1}


def test_nothing_to_do_is_no_hint(celery: Celery, broker: redis.Redis) -> None:
    found = clock.tick()
    assert found is not None
    assert not found.due
    assert hints(broker) == {}


def test_a_held_translation_is_tried_again_after_its_time(
    celery: Celery, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that an engine failed at, for a reason that nobody foresaw."""

    def broken(*_: Any) -> None:
        raise RuntimeError("engine on fire")

    monkeypatch.setattr(building_translations, "draft", broken)
    monkeypatch.setenv("FANWIRE_BUILD_RETRY", "3600")
    settings.cache_clear()
    clock.tick()  # the first one of a process has all tried that is held
    number = take()
    planning.plan(number, time.time())
    assert build_translation(number, "de").held
    clock.tick()
    assert "translate" not in hints(broker)
    monkeypatch.setattr(ledger, "now", lambda _: time.time() + 3601)
    clock.tick()
    assert hints(broker)["translate"] == 1


def test_an_engine_that_breaks_holds_its_language_with_the_reason(
    celery: Celery, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("engine on fire")

    monkeypatch.setattr(building_translations, "draft", broken)
    number = take()
    planning.plan(number, time.time())
    assert build_translation(number, "de").held == {"de": "RuntimeError: engine on fire"}
    with ledger.read() as connection:
        assert counts.being_built(connection, number) == 1  # English is still to be formatted; nobody waits for German
        details = {hold["language"]: hold["detail"] for hold in counts.holds(connection, number)}
    assert details == {"de": "RuntimeError: engine on fire", "en": None}


def test_an_embargo_is_lifted_at_its_moment_and_not_before(celery: Celery, broker: redis.Redis) -> None:
    moment = time.time() + 1
    number = take(embargo_until=datetime.fromtimestamp(moment, UTC).isoformat())
    planning.plan(number, time.time())
    build_renditions(number, "en")
    clock.tick()
    if time.time() < moment:
        assert states(number) == {"held": 2}
        assert "deliver" not in hints(broker)
    until(lambda: clock.tick() and states(number).get("due"))
    assert time.time() >= moment
    assert hints(broker)["deliver"] == 1


def test_what_a_vanished_worker_had_is_due_again(celery: Celery, broker: redis.Redis) -> None:
    number = take()
    planning.plan(number, time.time())
    build_renditions(number, "en")
    with ledger.write() as connection:
        assert deliveries.claim(connection, "vanished", now=time.time() + 1, lease=-0.5, limit=9)
    until(lambda: clock.tick() and states(number).get("due"))
    with ledger.read() as connection:
        assert connection.execute(select(attempts.c.verdict, attempts.c.detail)).all() == [
            ("unsure", "the worker vanished")
        ]
    assert hints(broker)["deliver"] == 1


# --- elections


def test_of_two_clocks_one_acts_and_when_it_dies_the_other(
    celery: Celery, urls: dict[User, str], broker: redis.Redis, tmp_path: Path
) -> None:
    code = (
        "import time\n"
        "from workers import clock\n"
        "import workers.app\n"
        "while True:\n"
        "    print('acted' if clock.tick() else 'looked', time.time(), flush=True)\n"
        "    time.sleep(0.2)\n"
    )
    env = environment(settings().home, BROKER_URL=urls[User.WORKER], TICK="100")  # a term is five of them
    logs = [tmp_path / "first.log", tmp_path / "second.log"]
    running = [fork_python(code, env, log) for log in logs]

    def ticks(which: int, word: str) -> int:
        return sum(line.startswith(word) for line in logs[which].read_text().splitlines())

    try:
        until(lambda: all(ticks(n, "looked") + ticks(n, "acted") >= 8 for n in (0, 1)))
        [leader] = [n for n in (0, 1) if ticks(n, "acted")]
        other = 1 - leader
        take(before=LONG_AGO)
        until(lambda: hints(broker) == {"plan": 1})
        with ledger.read() as connection:
            assert connection.execute(select(elections.c.until)).scalar_one() < time.time() + 501
        running[leader].send_signal(signal.SIGKILL)
        running[leader].wait(PATIENCE)
        looked = ticks(other, "looked")
        until(lambda: ticks(other, "looked") > looked + 3)
        assert ticks(other, "acted") == 0
        with ledger.write() as connection:
            connection.execute(update(elections).values(until=time.time()))  # its term is over
        until(lambda: ticks(other, "acted") > 3)
    finally:
        for process in running:
            end(process)


def test_a_broker_that_is_away_costs_hints_and_nothing_else(
    celery: Celery, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found stays in the ledger, and is found again."""
    from workers.application import make_app

    due = take(uri="urn:x:due")
    planning.plan(due, time.time())
    build_renditions(due, "en")
    lost = take(before=LONG_AGO)
    monkeypatch.setenv("FANWIRE_BROKER_URL", "redis://127.0.0.1:9/0")
    settings.cache_clear()
    lonely = make_app()
    lonely.set_default()
    try:
        assert clock.tick() is not None
    finally:
        lonely.close()
        celery.set_current()
        celery.set_default()
    with ledger.write() as connection:
        assert releases.unplanned(connection, time.time() + 6) == {lost: 5}
    assert states(due)["due"] == 1
    assert hints(broker) == {}


# --- secrets

SECRET = "Geh&eim-s"


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration full of secrets, none of whose servers is there."""
    monkeypatch.setenv("FANWIRE_BROKER_URL", f"redis://:{SECRET}@127.0.0.1:9/0")
    monkeypatch.setenv("FANWIRE_LEDGER_URL", f"postgresql+psycopg://fanwire:{SECRET}@127.0.0.1:9/fanwire")
    monkeypatch.setenv("FANWIRE_FLOWER_PASSWORD", SECRET)
    settings.cache_clear()


@pytest.mark.usefixtures("secrets")
def test_no_secret_in_settings_and_addresses() -> None:
    for text in (repr(settings()), str(settings()), str(settings().model_dump()), ledger.safe_ledger_url()):
        assert SECRET not in text
    assert "***" in ledger.safe_ledger_url()


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("arguments", [["doctor", "--json"], ["doctor"], ["status"], ["outlets", "list"]], ids=" ".join)
def test_no_secret_in_what_the_command_line_says(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1
    assert SECRET not in done.output + repr(done.exception)


@pytest.mark.parametrize("name", ["LEASE", "ALLOWED_NETWORKS", "LOG_FORMAT", "FLOWER_PORT"])
@pytest.mark.usefixtures("secrets")
def test_a_wrong_setting_is_named_and_no_other_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"FANWIRE_{name}", "nonsense")
    settings.cache_clear()
    with pytest.raises(UserError, match=f"FANWIRE_{name}") as caught:
        settings()
    assert SECRET not in str(caught.value)


def test_times_that_do_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_LEASE", "32")
    with pytest.raises(UserError, match=r"FANWIRE_LEASE \(32\.0 s\) must exceed FANWIRE_DEADLINE \(30\.0 s\)"):
        settings()


def test_without_a_broker_it_is_said_how_to_get_one() -> None:
    with pytest.raises(UserError, match=r"FANWIRE_BROKER_URL.*make up"):
        broker_url()


@pytest.mark.parametrize("password", ["pass#word", "pass/word", "pass?word", "pass[word", "pass@word"])
def test_a_broker_url_that_cannot_be_read_does_not_show_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, password: str
) -> None:
    monkeypatch.setenv("FANWIRE_BROKER_URL", f"redis://:{password}@127.0.0.1:9/0")
    settings.cache_clear()
    file = tmp_path / "release.json"
    file.write_text(release().to_json())
    done = CliRunner().invoke(app, ["submit", str(file), "--timeout", "0.2"])
    assert done.exit_code == 1
    assert "word" not in done.output.replace("password", "")
    assert "word" not in repr(done.exception)


def test_a_translation_file_that_was_changed_lets_what_is_held_be_tried_at_once(
    celery: Celery, broker: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "translation.yaml"
    file.write_text("engines: {opencc: {}}\n")
    monkeypatch.setenv("FANWIRE_TRANSLATION_FILE", str(file))
    settings.cache_clear()
    number = take()
    planning.plan(number, time.time())
    pipeline.sweep_ledger(time.time())
    assert "no engine for en→de" in build_translation(number, "de").held["de"]
    assert pipeline.sweep_ledger(time.time()).to_translate == []
    file.write_text("engines: {opencc: {}, apertium: {}}\n")
    assert pipeline.sweep_ledger(time.time()).to_translate == [TranslationKey(number, "de")]


@pytest.mark.usefixtures("celery")
def test_what_no_engine_makes_is_not_tried_again_before_something_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not after a year, but at once when people have approved a sentence in that language."""
    file = tmp_path / "translation.yaml"
    file.write_text("engines: {opencc: {}}\n")
    monkeypatch.setenv("FANWIRE_TRANSLATION_FILE", str(file))
    settings.cache_clear()
    number = take()
    now = time.time()
    planning.plan(number, now)
    pipeline.sweep_ledger(now)
    assert build_translation(number, "de").held
    later = now + 366 * 24 * 3600
    assert pipeline.sweep_ledger(later).to_translate == []
    for language in ("es", "de-AT"):
        entry = {"key": "0" * 64, "maker": "approved", "source_language": "en", "source": "x", "target": "[]"}
        with ledger.write() as connection:
            memory_entries.keep(connection, [entry | {"target_language": language, "origin": "test"}], now=later)
        woken = pipeline.sweep_ledger(later).to_translate
        assert woken == ([] if language == "es" else [TranslationKey(number, "de")])


def test_no_retention_within_a_minute_of_the_start_of_a_worker(celery: Celery) -> None:
    """However long ago its code was imported."""
    step = clock.Clock(SimpleNamespace(hostname="deliver@x", app=celery))
    before = time.monotonic()
    step.stop(None)  # so that it never ticks
    step.start(None)
    assert before + 60 <= clock._Retention.due <= time.monotonic() + 60


def test_what_comes_back_of_e_mails_is_read_once_a_minute(
    celery: Celery, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock._Bounces, "due", 0.0)
    clock.tick()
    assert hints(broker) == {}, "the wire has no address for what comes back"
    monkeypatch.setenv("FANWIRE_BOUNCE_DOMAIN", "bounces.wire.example")
    settings.cache_clear()
    for _ in range(2):  # the first look was a moment ago
        clock.tick()
        assert hints(broker) == {}
    monkeypatch.setattr(clock._Bounces, "due", 0.0)
    for _ in range(2):
        clock.tick()
        assert hints(broker) == {"format": 1}


def test_a_broker_that_dies_on_an_open_connection_costs_hints_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_valkey(tmp_path / "valkey") as url:
        monkeypatch.setenv("FANWIRE_BROKER_URL", url)
        settings.cache_clear()
        from workers.application import make_app  # importing it needs a broker

        application = make_app()
        application.set_default()
        assert pipeline.waiting("deliver") == 0
    with pytest.raises(OperationalError):
        pipeline.waiting("deliver")
    pipeline.hint_drains()
    pipeline.hint_aside(pipeline.notify)
    application.close()
