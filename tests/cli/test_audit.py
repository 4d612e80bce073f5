"""What is done at the command line stands in the audit table, with the user whom the operating system knows."""

from __future__ import annotations

import json
import os
import pwd
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from typer.core import TyperGroup
from typer.main import get_command

from tasks import ledger, planning
from tasks.building import engine_meter
from tasks.building.translations import build_translation
from tasks.ledger import outlets, releases
from tasks.ledger.schema import deliveries, metadata
from tasks.model.acts import Act
from tasks.runtime.settings import settings
from tasks.translation.configuration import EngineDocument
from tasks.translation.errors import Retryable
from tests.support.command_line import app
from tests.support.review_files import CHINESE, with_target
from tests.support.samples import URI, outlet, release
from workers.cli import actor

from .conftest import Run, take

pytestmark = pytest.mark.usefixtures("home")

PICTURED = "urn:newsml:acme.example:20261122:pictured"
LATER = "urn:newsml:acme.example:20261122:later"
WRITES: dict[str, tuple[list[str], Act | list[Act]]] = {
    "embargo": ([LATER, "--lift"], Act.LIFT_EMBARGO),
    "replay": (["--outlet", "missed"], Act.REPLAY),
    "outlets import": (["outlets.json"], Act.ADD_OUTLET),
    "outlets edit": (["careful", "limits.in_flight=2"], Act.CHANGE_OUTLET),
    "outlets verify": (["fresh", "--vouch", "They called us."], Act.VERIFY_OUTLET),
    "feeds add": (["news", "--country", "DE", "--language", "de"], [Act.ROTATE_FEED, Act.ADD_OUTLET]),
    "feeds rotate": (["news"], Act.ROTATE_FEED),
    "feeds revoke": (["news"], Act.REVOKE_FEED),
    "outlets pause": (["careful"], Act.PAUSE_OUTLET),
    "outlets disable": (["careful"], Act.DISABLE_OUTLET),
    "outlets resume": (["gone"], Act.RESUME_OUTLET),
    "translations approve": ([URI, "zh-Hant"], Act.APPROVE),
    "translations import": ([URI, "zh-Hant", "t.xlf"], Act.IMPORT_TRANSLATION),
    "memory import": (["memory.csv"], Act.IMPORT_MEMORY),
    "memory remove": (["The land.", "--source", "en", "--target", "es"], Act.REMOVE_FROM_MEMORY),
    "glossary import": (["glossary.csv"], Act.IMPORT_GLOSSARY),
    "glossary remove": (["ship", "--source", "en", "--target", "es"], Act.REMOVE_FROM_GLOSSARY),
    "engines wake": (["libre"], Act.WAKE_ENGINE),
    "media add": (["t.txt"], Act.ADD_MEDIA),
    "media retry": ([PICTURED], Act.RETRY_MEDIA),
    "media drop": ([PICTURED, "hall"], Act.DROP_MEDIA),
    "producers add": (["acme", "--issuer", "Acme"], Act.ADD_PRODUCER),
    "producers edit": (["acme", "per_day=9"], Act.EDIT_PRODUCER),
    "producers token": (["acme", "--overlap", "1"], Act.CHANGE_TOKEN),
    "producers revoke": (["acme"], Act.REVOKE_PRODUCER),
    "outlets remove": (["missed"], Act.REMOVE_OUTLET),
    "retention hold": ([URI, "--reason", "case 4711"], Act.HOLD_LEGALLY),
    "retention unhold": ([URI], Act.END_LEGAL_HOLD),
    "kill": ([URI, "--note", "Wrong company"], Act.KILL),
}
"""Every command that changes the ledger: arguments for the scene below, one after the other, and what is recorded, the
latest first."""
READS = {
    "status": [URI],
    "report": [URI, "--format", "json"],
    "refusals": [],
    "notices": [],
    "audit": [],
    "doctor": [],
    "schema": ["release"],
    "outlets list": ["--for", URI],
    "outlets show": ["careful"],
    "feeds list": [],
    "translations list": [URI],
    "translations show": [URI, "zh-Hant"],
    "translations export": [URI, "zh-Hant", "--output", "e.xlf"],
    "memory export": ["m.csv"],
    "memory list": [],
    "glossary export": ["g.csv"],
    "glossary list": [],
    "engines list": [],
    "media list": [],
    "media show": [PICTURED],
    "retention show": [],
    "retention plan": ["--in-days", "500"],
    "retention archives": [],
    "restored list": [],
    "backup": ["wire.tar"],
    "producers list": [],
}
"""Every command that only looks: the test sees that nothing in the ledger has changed."""
NEITHER = {
    "restore": "puts another ledger in the place of this one, and records it there (tests/faults/test_restore.py)",
    "restored hold": "records what it holds (tests/cli/test_retention.py)",
    "restored confirm": "records what a file confirms (tests/cli/test_retention.py)",
    "restored send": "records it as a replay (tests/cli/test_retention.py)",
    "restored drop": "records what it ends (tests/cli/test_retention.py)",
    "retention run": "records each release that it archives (tests/cli/test_retention.py)",
    "retention restore": "records what it brings back (tests/cli/test_retention.py)",
    "retention compact": "changes nothing but the size of the file (tests/cli/test_retention.py)",
    "submit": "puts a message on the queue; intake records the producer (tests/workers/test_intake.py)",
    "bounces read": "does what e-mails say, as the workers do (tests/operations/test_bounces.py)",
    "outlets test": "sends something that is marked as a test, and changes nothing",
    "outlets hostkey": "looks at a server (tests/delivery/test_files_at_outlets.py)",
    "engines test": "counts as usage of the engine, as everything that workers ask of it",
    "engines compare": "counts as usage of the engines, as everything that workers ask of them",
    "engines fetch": "changes the folder of models, and records it (tests/cli/test_models.py)",
    "engines models": "lists what is in that folder",
    "engines remove": "changes the folder of models, and records it (tests/cli/test_models.py)",
    "users add": "changes the file of users, and records it (tests/cli/test_users.py)",
    "users rank": "changes the file of users, and records it (tests/cli/test_users.py)",
    "users password": "changes the file of users, and records it (tests/cli/test_users.py)",
    "users remove": "changes the file of users, and records it (tests/cli/test_users.py)",
    "users list": "shows that file",
    "up": "starts the processes, and brings the ledger to its tables",
    "worker": "starts a process",
    "migrate": "brings the ledger to its tables; alembic_version says which",
    "health": "looks at a file of a worker",
}
"""Commands that need no entry, and why."""
CSV = "source,target,source_language,target_language\n"
LIBRE = "engines: {libre: {type: libretranslate, url: 'http://127.0.0.1:9', budget: {characters: 1000}}, opencc: {}}"


@pytest.fixture
def scene(home: None, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger in which every command finds what it is for, and the files that they read; nothing recorded yet."""
    (tmp_path / "translation.yaml").write_text(LIBRE)
    monkeypatch.setenv("FANWIRE_TRANSLATION_FILE", str(tmp_path / "translation.yaml"))
    settings.cache_clear()
    careful = outlet("careful", languages=["zh-Hant"], machine_translation="approved")
    number = take(
        release(**CHINESE),
        careful,
        outlet("missed", languages=["zh-Hans"]),
        outlet("gone"),
        outlet("fresh", status="unverified"),
    )
    planning.plan(number)
    with ledger.write() as connection:
        outlets.set_status(connection, ["gone"], "disabled", "410 Gone", ledger.now(connection))
        connection.execute(update(deliveries).where(deliveries.c.outlet_id == "missed").values(state="rejected"))
    build_translation(number, "zh-Hant")
    planning.plan(take(release(uri=LATER, embargo_until="2199-01-01T00:00:00Z")))
    hall = {"id": "hall", "type": "picture", "url": "https://acme.example/hall.jpg"}
    take(release(uri=PICTURED, media=[hall]))
    monkeypatch.chdir(tmp_path)
    Path("t.txt").write_text("A text.")
    run("translations", "export", URI, "zh-Hant", "--output", "t.xlf")
    exported = Path("t.xlf").read_bytes()
    Path("t.xlf").write_bytes(with_target(exported, "headline", "公司釋出新軟件"))
    Path("outlets.json").write_text(f"[{outlet('new').to_json()}]")
    Path("memory.csv").write_text(CSV + "The sea.,El mar.,en,es\n")
    Path("glossary.csv").write_text(CSV + "plant,planta,en,es\n")
    Path("before.csv").write_text(CSV + "The land.,La tierra.,en,es\n")
    Path("terms.csv").write_text(CSV + "ship,barco,en,es\n")
    run("memory", "import", "before.csv")
    run("glossary", "import", "terms.csv")
    meter, document = engine_meter.LedgerMeter(), EngineDocument.model_validate({"budget": {"characters": 1000}})
    for _ in range(5):
        meter.note("libre", document, meter.ask("libre", document, 10), Retryable("answered 503"))


def commands(group: Any = None, before: str = "") -> Iterator[str]:
    """Every command that there is, such as `outlets import`."""
    for name, command in (group or get_command(app)).commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def rows() -> dict[str, list[tuple[Any, ...]]]:
    """All that the ledger holds."""
    with ledger.read() as connection:
        return {name: list(map(tuple, connection.execute(select(t)))) for name, t in metadata.tables.items()}


def entries(run: Run, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("audit", "--json", *arguments).stdout)
    return found


def test_it_is_known_of_every_command_whether_it_changes_anything() -> None:
    assert sorted(commands()) == sorted([*WRITES, *READS, *NEITHER])


@pytest.mark.usefixtures("scene")
def test_every_command_that_changes_something_is_recorded(run: Run) -> None:
    me = f"{pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname()}"
    for command, (arguments, act) in WRITES.items():
        before = rows()
        run(*command.split(), *arguments)
        after = rows()
        assert [name for name in before if before[name] != after[name] and name != "audit"], f"{command} does nothing"
        fresh = entries(run)[: len(after["audit"]) - len(before["audit"])]
        acts = act if isinstance(act, list) else [act]
        assert [entry["act"] for entry in fresh] == acts, command
        assert {(entry["role"], entry["actor"].partition(" ")[0]) for entry in fresh} == {("operator", me)}, command
        assert all(entry["old"] or entry["new"] for entry in fresh), command


@pytest.mark.usefixtures("scene")
def test_a_command_that_only_looks_changes_nothing(run: Run) -> None:
    before = rows()
    for command, arguments in READS.items():
        run(*command.split(), *arguments)
        assert rows() == before, command


@pytest.mark.usefixtures("scene")
def test_who_acts_is_not_what_the_environment_or_by_says(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "chief")
    run("translations", "approve", URI, "zh-Hant", "--by", "the editor")
    [entry] = entries(run, "--act", "translation")
    assert "chief" not in entry["actor"]
    assert entry["remark"] == "the editor"
    assert (entry["uri"], entry["version"]) == (URI, 1)


def test_behind_sudo_the_user_who_logged_in_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    login = tmp_path / "loginuid"
    monkeypatch.setattr(actor, "_LOGIN", login)
    login.write_text("4242424")
    assert actor.operator().name.endswith("(logged in as uid 4242424)")
    for nobody in (str(2**32 - 1), str(os.getuid()), "?"):
        login.write_text(nobody)
        assert "logged in" not in actor.operator().name


def test_who_says_who_types_is_not_believed_but_named(monkeypatch: pytest.MonkeyPatch) -> None:
    known = actor.operator().name
    monkeypatch.setenv("FANWIRE_OPERATOR", " jane\x1b[31m ")
    assert actor.operator().name == f"{known} (says: jane\ufffd[31m)"
    monkeypatch.setenv("FANWIRE_OPERATOR", "x" * 1000)
    assert len(actor.operator().name) < 250
    monkeypatch.setenv("FANWIRE_OPERATOR", " ")
    assert actor.operator().name == known


@pytest.mark.parametrize(
    ("said", "origin"),
    [
        ("", "{host}"),
        ("2001:db8::7 51234 2001:db8::1 22", "{host}, by SSH from 2001:db8::7"),
        ("the moon 51234", "{host}"),
    ],
)
def test_from_where_a_command_was_typed_is_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch, said: str, origin: str
) -> None:
    take(release(), outlet("a"))
    monkeypatch.setenv("SSH_CONNECTION", said)
    run("outlets", "pause", "a")
    origin = origin.format(host=socket.gethostname())
    [entry] = entries(run, "--act", "outlet.pause")
    assert entry["origin"] == origin
    assert f"{entry['actor']} from {origin} · outlet.pause" in run("audit").stdout.replace("\n", "")


@pytest.mark.usefixtures("scene")
def test_the_history_of_an_embargo_is_kept(run: Run) -> None:
    run("embargo", LATER, "--until", "2198-01-01T00:00:00Z")
    run("embargo", LATER, "--lift")
    lifted, moved, _ = entries(run, "--release", LATER)
    assert moved["old"] == {"embargo_until": "2199-01-01T00:00:00Z"}
    assert moved["new"] == {"embargo_until": "2198-01-01T00:00:00Z"} == lifted["old"]
    told = run("audit", "--act", "embargo", "--limit", "1").stdout
    assert "embargo.lift" in told
    assert "embargo.move" not in told


@pytest.mark.usefixtures("scene")
def test_the_old_and_the_new_value_of_terms_and_sentences_are_kept(run: Run) -> None:
    Path("terms.csv").write_text(CSV + "ship,nave,en,es\n")
    run("glossary", "import", "terms.csv")
    [entry, _] = entries(run, "--act", "glossary")
    assert ([term["target"] for term in entry["old"]["terms"]], [term["target"] for term in entry["new"]["terms"]]) == (
        ["barco"], ["nave"],
    )  # fmt: skip
    run("translations", "import", URI, "zh-Hant", "t.xlf", "--by", "the editor")
    [entry] = entries(run, "--act", "translation.import")
    assert (entry["old"], entry["new"]) == (
        {"units": {"headline": "公司釋出新軟體"}}, {"units": {"headline": "公司釋出新軟件"}},
    )  # fmt: skip


def test_an_outlet_with_credentials_keeps_its_url_unless_the_import_is_confirmed(run: Run, tmp_path: Path) -> None:
    auth = {"type": "bearer", "secret": "env:FANWIRE_SECRET_A"}
    take(release(), outlet("a", auth=auth, url="https://u:Geheimnis@a.example/"))
    moved = f"[{outlet('a', auth=auth, url='https://b.example/').to_json()}, {outlet('b').to_json()}]"
    done = run("outlets", "import", "-", input=moved, status=1)
    assert "1 outlet imported: 1 new, 0 changed, 0 unchanged; 1 refused" in done.stdout
    assert "standard input, outlet a: url: changes from https://***@a.example/ to https://b.example/" in done.stderr
    assert "--confirm" in done.stderr
    assert "Geheimnis" not in done.stderr
    found = json.loads(run("outlets", "import", "-", "--json", input=moved, status=1).stdout)
    assert (found["imported"], found["refused"], found["problems"][0]["what"]) == (1, 1, "outlet a")
    assert json.loads(run("outlets", "show", "a", "--json").stdout)["url"].endswith("@a.example/")
    run("outlets", "import", "-", "--confirm", input=moved)
    assert json.loads(run("outlets", "show", "a", "--json").stdout)["url"] == "https://b.example/"


def test_nor_does_its_client_secret_go_to_another_endpoint(run: Run) -> None:
    bearer = {"type": "bearer", "secret": "env:FANWIRE_SECRET_A"}
    tokens = {"type": "oauth2", "secret": "env:FANWIRE_SECRET_A", "client_id": "wire"}
    places = ["https://a.example/token", "https://b.example/token"]
    take(release(), outlet("a", auth=bearer, url="https://a.example/"))
    before = "none"
    for place in places:
        moved = outlet("a", auth=tokens | {"token_url": place}, url="https://a.example/").to_json()
        done = run("outlets", "import", "-", input=f"[{moved}]", status=1)
        assert f"outlet a: auth.token_url: changes from {before} to {place}" in done.stderr
        run("outlets", "import", "-", "--confirm", input=f"[{moved}]")
        run("outlets", "import", "-", input=f"[{moved}]")
        before = place


def test_a_kill_needs_no_broker_and_stops_what_is_due(run: Run) -> None:
    planning.plan(take(release(), outlet("a")))
    assert "single line" in run("kill", URI, "--note", "a\nb", status=1).stderr
    told = run("kill", URI, "--note", "Wrong company").stdout
    assert told.startswith(f"accepted: {URI} version 2, which kills the release\n")
    assert "already killed" in run("kill", URI).stdout
    with ledger.read() as connection:
        row = releases.find(connection, URI)
    assert (row.status, row.sent_by) == ("canceled", str(actor.operator()))
    planning.plan(row.id)
    assert json.loads(run("status", URI, "--version", "1", "--json").stdout)["states"] == {"canceled": 1}


def test_a_filter_of_the_audit_that_fits_nothing_says_so(run: Run) -> None:
    take(release(), outlet("a"))
    assert "no outlet 'nope'" in run("audit", "--outlet", "nope", status=1).stderr
    assert run("audit", "--outlet", "a").stdout == "Nothing is on record that fits.\n"
    assert json.loads(run("audit", "--outlet", "a", "--json").stdout) == []
    said = " ".join(run("audit", "--act", "foo", status=2).stderr.replace("│", " ").split())
    assert "'foo' is no act; the acts are release.publish, release.correct," in said
    kinds = "release, embargo, delivery, translation, rendition, outlet, feed, memory, glossary, model, media, producer"
    assert f"or all of a kind: {kinds}, user, retention, ledger, engine" in said
    said = " ".join(run("audit", "--act", "outlet.pauze", status=2).stderr.replace("│", " ").split())
    assert "'outlet.pauze' is no act; did you mean outlet.pause?" in said
