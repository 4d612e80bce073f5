"""Commands on a ledger, without a stack: what they print of releases and outlets."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from tasks import ledger, planning
from tasks.ledger import notices, outlets, refusals, releases
from tasks.ledger.schema import deliveries
from tasks.runtime import moments
from tasks.runtime.settings import settings
from tests.support.samples import URI, outlet, release
from tests.support.stepped_time import SteppedTime
from workers.cli import submit as commands
from workers.cli import waiting
from workers.envelope import Receipt
from workers.producer import Producer

from .conftest import Run, take

pytestmark = pytest.mark.usefixtures("home")


def settle(release_id: int, **values: Any) -> None:
    """Give every delivery of a release another state."""
    with ledger.write() as connection:
        connection.execute(update(deliveries).where(deliveries.c.release_id == release_id).values(values))


# --- who gets it


def test_outlets_list_for_a_release_says_who_gets_it_and_who_not_and_why(run: Run) -> None:
    wanted = release(circuits=["press"], countries=["PT"])
    take(
        wanted,
        outlet("all", circuits=["press"], languages=["en", "de"]),
        outlet("human", circuits=["press"], languages=["de", "en"], machine_translation="refuse"),
        outlet("other-circuit", circuits=["dach"]),
        outlet("other-country", circuits=["press"], country="DE"),
        outlet("other-topic", circuits=["press"], topics=["15000000"]),
    )
    found = json.loads(run("outlets", "list", "--for", URI, "--json").stdout)
    assert found["outlets"][0]["held"] == {"de": "no engine for en→de"}
    assert {entry["outlet"]: (entry["languages"], entry["refused"]) for entry in found["outlets"]} == {
        "all": (["en", "de"], {}),
        "human": (["en"], {"de": "takes no machine translation"}),
        "other-circuit": ([], {"en": "is in none of its circuits"}),
        "other-country": ([], {"en": "is not in its countries"}),
        "other-topic": ([], {"en": "takes none of its topics"}),
    }
    told = run("outlets", "list", "--for", URI).stdout
    assert (
        "goes to   2 of 5 outlets now (1 of them not in all languages), in 2 deliveries: en 2\n"
        "held      1 delivery in de: no engine for en→de\n" in told
    )
    assert "1  outlet does not get it, or not in every language: the outlet takes no machine translation" in told


def test_who_is_listed_is_whom_planning_chooses(run: Run) -> None:
    receivers = [outlet("a", languages=["en", "ko"]), outlet("b", languages=["ko"], machine_translation="refuse")]
    release_id = take(release(), *receivers)
    planned = planning.plan(release_id)
    with ledger.read() as connection:
        matches = planning.audience(connection, release_id)
    assert planned is not None
    assert planned.deliveries == sum(len(match.languages) for match in matches) == 2


# --- status


MOVED = "301 Moved Permanently: points to https://x.example/"


def test_status_says_why_deliveries_are_not_there(run: Run) -> None:
    release_id = take(release(), outlet("a"), outlet("b"), outlet("c"))
    planning.plan(release_id)
    settle(release_id, state="rejected", reason=MOVED, code="redirect")
    with ledger.write() as connection:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.outlet_id == "c")
            .values(state="due", reason=None, code=None, due_at=0)
        )
    found = json.loads(run("status", URI, "--json").stdout)
    assert found["reasons"] == [
        {"state": "rejected", "code": "redirect", "reason": MOVED, "n": 2},
        {"state": "due", "code": None, "reason": "not tried yet", "n": 1},
    ]
    told = run("status", URI).stdout
    assert f"rejected: 2 redirect: {MOVED}" in told
    assert max(map(len, told.splitlines()[:4])) <= 80


def test_a_table_with_every_state_fits_80_columns(run: Run) -> None:
    from tasks.model.states import State

    release_id = take(release(), *(outlet(f"o{n}", languages=["zh-Hant"]) for n in range(len(State))))
    planning.plan(release_id)
    with ledger.write() as connection:
        for n, state in enumerate(State):
            connection.execute(
                update(deliveries).where(deliveries.c.outlet_id == f"o{n}").values(state=state, due_at=0)
            )
    told = run("status", URI, env={"COLUMNS": "80"}).stdout.splitlines()
    heading = next(line for line in told if line.startswith("language"))
    assert all(state in heading for state in State), heading
    assert len(heading) <= 80


# --- moments

NOON = "2126-12-01T12:00:00Z"


def embargo_of(uri: str = URI) -> str:
    """Until when the release is held, as the ledger has it, in UTC."""
    with ledger.read() as connection:
        return moments.utc(releases.find(connection, uri).embargo_until)


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator has set New York's time zone."""
    monkeypatch.setenv("FANWIRE_TIME_ZONE", "America/New_York")
    settings.cache_clear()


def test_an_embargo_holds_until_the_moment_that_its_offset_says(run: Run) -> None:
    take(release(embargo_until="2126-01-01T00:00:00Z"))
    said = run("embargo", URI, "--until", "2126-12-01T07:00:00-05:00").stdout
    assert f"is held until 2126-12-01T07:00:00-05:00 ({NOON})" in said
    assert embargo_of() == NOON


def test_an_embargo_without_an_offset_is_refused_and_nothing_moves(run: Run) -> None:
    take(release(embargo_until="2126-01-01T00:00:00Z"))
    for text in ("2126-12-01T07:00:00", "2126-12-01", "now"):
        run("embargo", URI, "--until", text, status=2)
    assert "as in 2126-12-01T07:00-05:00" in run("embargo", URI, "--until", "2126-12-01T07:00", status=2).stderr
    assert embargo_of() == "2126-01-01T00:00:00Z"


@pytest.mark.usefixtures("new_york")
def test_with_a_zone_of_the_operator_a_time_is_read_in_it_and_said_back(run: Run) -> None:
    take(release(embargo_until="2126-01-01T00:00:00Z"))
    assert f"2126-12-01T07:00:00-05:00 ({NOON})" in run("embargo", URI, "--until", "2126-12-01T07:00:00").stdout
    assert embargo_of() == NOON


def test_a_past_embargo_is_refused_and_points_to_lift(run: Run) -> None:
    take(release(embargo_until="2126-01-01T00:00:00Z"))
    refused = run("embargo", URI, "--until", "2025-12-01T07:00:00-05:00", status=1).stderr
    assert "2025-12-01T07:00:00-05:00 (2025-12-01T12:00:00Z) is past" in refused
    assert f"fanwire embargo {URI} --lift" in refused
    assert embargo_of() == "2126-01-01T00:00:00Z"
    assert "goes out now" in run("embargo", URI, "--lift").stdout


def test_replay_counts_from_the_moment_that_an_offset_says(run: Run) -> None:
    release_id = take(release(), outlet("a"))
    planning.plan(release_id)
    settle(release_id, state="rejected", ended_at=moments.read("2026-11-20T03:00:00Z").timestamp())
    run("replay", "--release", URI, "--since", "2026-11-20T00:00:00", status=2)
    assert run("replay", "--release", URI, "--since", "2026-11-20T00:00:00-05:00").stdout.startswith("0 ")
    assert run("replay", "--release", URI, "--since", "2026-11-20T03:00:00+01:00").stdout.startswith("1 ")


def test_status_shows_headline_dates_and_embargo(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with ledger.write() as connection:
        releases.take(connection, release(), 1_794_996_400.0)
        second = release(version=2, headline="Acme \x1b[31mopens", embargo_until="2126-12-01T07:00:00-05:00")
        releases.take(connection, second, 1_795_000_000.0)
    found = json.loads(run("status", URI, "--json").stdout)
    assert {name: found[name] for name in ("headline", "dateline", "received_at", "first_received_at")} == {
        "headline": "Acme \x1b[31mopens",
        "dateline": {"place": "Porto", "date": "2026-11-22"},
        "received_at": "2026-11-18T11:06:40Z",
        "first_received_at": "2026-11-18T10:06:40Z",
    }
    assert found["embargo_until"] == "2126-12-01T07:00:00-05:00"
    told = run("status", URI).stdout.splitlines()
    assert told[:5] == [
        f"{URI} version 2: not planned yet",
        "headline  Acme \ufffd[31mopens",
        "dateline  Porto, 2026-11-22",
        "received  2026-11-18T11:06:40Z (first version 2026-11-18T10:06:40Z)",
        f"embargo   until 2126-12-01T07:00:00-05:00 ({NOON})",
    ]
    monkeypatch.setenv("FANWIRE_TIME_ZONE", "America/New_York")
    settings.cache_clear()
    told = run("status", URI).stdout.splitlines()
    assert told[3] == "received  2026-11-18T06:06:40-05:00 (first version 2026-11-18T05:06:40-05:00)"


def test_status_says_where_words_seem_to_be_missing(run: Run) -> None:
    body = "<p>The plant is open.</p><p>said on Friday that this was a good day for the city.</p>"
    take(release(body_html=body))
    [warning] = json.loads(run("status", URI, "--json").stdout)["warnings"]
    assert warning["field"] == "body"
    assert warning["problem"].startswith("paragraph 2 begins in the middle of a sentence: 'said on Friday")
    assert "warning   body: paragraph 2 begins in the middle" in run("status", URI).stdout


def test_status_says_that_an_embargo_is_over(run: Run) -> None:
    take(release(embargo_until="2020-12-01T07:00:00-05:00"))
    assert "embargo   ended 2020-12-01T07:00:00-05:00 (2020-12-01T12:00:00Z)" in run("status", URI).stdout


def test_a_receipt_is_printed_with_its_dates_and_warnings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    warning = {"field": "embargo_until", "problem": "is past", "example": None}
    receipt = Receipt(
        "accepted", URI, 1, warnings=[warning], headline="Acme opens", received_at="2026-11-18T11:06:40Z",
        first_received_at="2026-11-18T11:06:40Z", embargo_until="2026-11-18T06:00:00-05:00",
        dateline={"place": "Porto", "date": "2026-11-22"},
    )  # fmt: skip
    monkeypatch.setattr(commands, "require_broker", lambda: "redis://127.0.0.1:9/0")
    monkeypatch.setattr(Producer, "submit", lambda *_, **__: receipt)
    done = run("submit", "-", input=release().to_json())
    assert done.stdout.splitlines() == [
        f"accepted: {URI} version 1",
        "headline  Acme opens",
        "dateline  Porto, 2026-11-22",
        "received  2026-11-18T11:06:40Z",
        "embargo   ended 2026-11-18T06:00:00-05:00 (2026-11-18T11:00:00Z)",
    ]
    assert done.stderr == "warning: embargo_until: is past\n"
    assert json.loads(run("submit", "-", "--json", input=release().to_json()).stdout)["warnings"] == [warning]


# --- submit


def test_waiting_has_an_end_and_says_what_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    release_id = take(release(), outlet("a"))
    with pytest.raises(Exception, match="not planned yet"):
        waiting.until_done(release(), 0)
    planning.plan(release_id)
    settle(release_id, state="due", due_at=time.time() + 60)
    with pytest.raises(Exception, match=r"1 due \(of 1\)"):
        waiting.until_done(release(), 0)


def test_without_a_terminal_waiting_shows_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    release_id = take(release(), outlet("a"))
    planning.plan(release_id)
    settle(release_id, state="due", due_at=time.time() + 60)
    monkeypatch.setattr(waiting, "time", SteppedTime())
    with pytest.raises(Exception, match="not done"):
        waiting.until_done(release(), 25)
    assert capsys.readouterr().err.count(f"{URI} v1: 1 due\n") == 2


@pytest.mark.parametrize(
    ("options", "consent"), [([], []), (["--revive"], ["revive"]), (["--jump", "--revive"], ["jump", "revive"])]
)
def test_what_is_unusual_is_sent_with_consent_only(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: list[str], consent: list[str]
) -> None:
    sent: list[Any] = []

    def submit(_release: Any, _timeout: Any, consent: Any, *_: Any) -> Receipt:
        sent.append(consent)
        return Receipt("accepted")

    monkeypatch.setattr(commands, "_submit", submit)
    file = tmp_path / "again.json"
    file.write_text(release(version=3).to_json())
    run("submit", str(file), *options)
    assert sent == [consent]


# --- report


@pytest.mark.parametrize(("name", "begins"), [("r.html", "<!doctype html>"), ("r.json", "{"), ("r.csv", "outlet,")])
def test_the_name_of_a_report_says_its_format(run: Run, tmp_path: Path, name: str, begins: str) -> None:
    take(release())
    run("report", URI, "--output", str(tmp_path / name))
    assert (tmp_path / name).read_text().startswith(begins)


def test_a_report_that_cannot_be_made_leaves_the_one_of_before(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(release())
    monkeypatch.setitem(sys.modules, "weasyprint", None)  # as where the extra is missing
    (tmp_path / "r.pdf").write_text("of before")
    assert "needs the extra" in run("report", URI, "--output", str(tmp_path / "r.pdf"), status=1).output
    assert (tmp_path / "r.pdf").read_text() == "of before"


def test_a_report_goes_to_standard_output(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take(release())
    monkeypatch.chdir(tmp_path)
    for output in ((), ("--output", "-")):
        assert run("report", URI, *output).stdout.startswith("<!doctype html>")
        assert run("report", URI, *output, "--format", "json").stdout.startswith("{")
    assert list(tmp_path.glob("*-*")) == []


def test_a_report_whose_name_and_format_differ_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    take(release())
    run("report", URI, "--output", str(tmp_path / "r.csv"), "--format", "json", status=2)
    run("report", URI, "--output", str(tmp_path / "report"), status=2)
    assert not list(tmp_path.glob("r*"))
    run("report", URI, "--output", str(tmp_path / "report"), "--format", "csv")


# --- outlets


def test_outlets_are_read_from_standard_input(run: Run) -> None:
    row = outlet("a").to_json()
    assert json.loads(run("outlets", "import", "-", "--json", input=f"[{row}]").stdout)["imported"] == 1
    table = "id,name,country,languages,url\nb,B,GB,en,https://b.example/\n"
    run("outlets", "import", "-", "--format", "csv", input=table)
    listed = run("outlets", "list").stdout.splitlines()
    assert listed[0].split() == ["outlet", "country", "languages", "format", "status", "name"]
    assert [line.split()[0] for line in listed[1:]] == ["a", "b"]


def test_refused_outlets_are_json_too(run: Run) -> None:
    bad = json.dumps([{"id": "a", "name": "A", "country": "UK", "languages": ["en"], "url": "https://a.example/"}])
    found = json.loads(run("outlets", "import", "-", "--json", input=bad, status=1).stdout)
    [problem] = found["problems"]
    assert (found["imported"], found["refused"]) == (0, 1)
    assert (problem["where"], problem["what"], problem["field"]) == ("entry 1", "outlet a", "country")
    assert "United Kingdom is GB" in problem["problem"]


def test_pausing_a_disabled_outlet_keeps_the_reason(run: Run) -> None:
    take(release(), outlet("a"))
    with ledger.write() as connection:
        outlets.set_status(connection, ["a"], "disabled", "410 Gone", ledger.now(connection))
    assert "410 Gone" in run("outlets", "pause", "a").stdout
    shown = json.loads(run("outlets", "show", "a", "--json").stdout)
    assert (shown["status"], shown["status_reason"]) == ("disabled", "410 Gone")


def test_doctor_names_outlets_whose_address_is_refused(run: Run) -> None:
    take(release(), outlet("inside", url="http://10.1.2.3/x"), outlet("outside", url="https://a.example/"))
    told = next(line for line in run("doctor").stdout.splitlines() if "FANWIRE_ALLOWED_NETWORKS" in line)
    assert "inside (10.1.2.3)" in told
    assert "outside" not in told


def test_doctor_says_in_whose_name_releases_go_out(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "not set: releases go out in the name of Fanwire (https://fanwire.example/)"
    assert f"FANWIRE_WIRE_NAME and FANWIRE_WIRE_URL {said}" in run("doctor").stdout
    monkeypatch.setenv("FANWIRE_WIRE_NAME", "Fanwire")
    monkeypatch.setenv("FANWIRE_WIRE_URL", "https://wire.example/")
    settings.cache_clear()
    assert "in the name of" not in run("doctor").stdout


def test_doctor_says_where_it_looked_for_secrets(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_SECRET_A", "geheim")
    take(release(), outlet("a", auth={"type": "bearer", "secret": "env:FANWIRE_SECRET_A"}))
    assert "in this shell" in run("doctor").stdout


def test_doctor_names_outlets_whose_secret_is_refused_now(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", "geheim")
    names = ("a", "b", "c", "d", "e", "f", "g")
    take(release(), *(outlet(name, auth={"type": "bearer", "secret": "env:A_TOKEN"}) for name in names))
    take(release(), outlet("literal", headers={"X-Api-Key": "geheim"}), outlet("good"))
    told = run("doctor", status=1).stdout
    assert "geheim" not in told
    [line] = [line for line in told.splitlines() if "import" in line]
    assert line.startswith("unsafe  8 outlets have a document that an import would refuse now: ")
    assert "a (auth.secret: is not one of the variables that outlets may name" in line
    assert line.endswith("…")


def test_a_variable_of_an_outlet_is_no_unknown_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_SECRET_A", "geheim")
    assert "is no setting" not in run("doctor").stdout


@pytest.mark.parametrize(("mode", "level"), [(0o755, "unsafe"), (0o700, "note")])
def test_doctor_names_what_others_may_read(run: Run, mode: int, level: str) -> None:
    assert "other users" not in run("doctor").stdout
    home = settings().home.absolute()
    (home / "ledger.sqlite").chmod(0o644)
    home.chmod(mode)
    told = run("doctor", status=1 if level == "unsafe" else 0).stdout
    [line] = [line for line in told.splitlines() if "other users" in line]
    assert line.startswith(level)
    assert f"{home}/ledger.sqlite (644)" in line
    assert f"chmod -R go= {home}" in line


# --- refusals


def test_an_empty_list_is_said_in_words(run: Run) -> None:
    assert run("refusals").stdout == "Nothing was refused.\n"
    assert run("notices").stdout == "There is no notice.\n"
    assert json.loads(run("notices", "--json").stdout) == []


def test_refusals_name_the_uri_and_the_time(run: Run) -> None:
    with ledger.write() as connection:
        refusals.keep(connection, b"{}", "release refused: x", 1_000_000_000.0, uri=URI)
    [row] = json.loads(run("refusals", "--json").stdout)
    assert (row["uri"], row["received_at"]) == (URI, "2001-09-09T01:46:40Z")
    assert URI in run("refusals").stdout
    run("refusals", "--count", "0", status=2)


def test_refusals_show_the_uri_that_an_unsigned_item_claims(run: Run) -> None:
    with ledger.write() as connection:
        for body in (release().to_json().encode(), b"{no JSON", b"---\n- 1\n---\n"):
            refusals.keep(connection, body, "release refused: x", 1_000_000_000.0)
    rows = json.loads(run("refusals", "--json").stdout)
    assert [(row["uri"], row["claimed_uri"]) for row in rows] == [(None, None), (None, None), (None, URI)]
    assert f" · claims to be {URI} · " in run("refusals").stdout.splitlines()[2]


def test_refusals_show_what_was_sent_only_when_they_are_asked_to(run: Run) -> None:
    """It may be an embargoed text."""
    with ledger.write() as connection:
        refusals.keep(connection, b'{"headline": "Secret\x1b[31m"}', "release refused: x", 1_000_000_000.0)
    for options in ((), ("--json",)):
        assert "Secret" not in run("refusals", *options).stdout
        assert "Secret" in run("refusals", "--body", *options).stdout
        assert "\x1b" not in run("refusals", "--body", *options).stdout
    assert json.loads(run("refusals", "--json").stdout)[0].keys() & {"body", "bytes"} == {"bytes"}


def test_intake_keeps_the_uri_of_what_it_refuses(run: Run, problems: Callable[..., Any]) -> None:
    from workers import intake

    for body in (json.dumps({"uri": URI}).encode(), json.dumps({"uri": "urn:x:\0"}).encode(), b"nonsense"):
        assert intake.take_in(body).status == "refused"
    assert [row["uri"] for row in json.loads(run("refusals", "--json").stdout.splitlines()[-1])] == [None, None, URI]


def test_a_kill_of_a_kill_is_said_in_json_too(run: Run) -> None:
    take(release(status="canceled"))
    assert json.loads(run("kill", URI, "--json").stdout)["status"] == "known"
    with ledger.read() as connection:
        assert releases.find(connection, URI).version == 1


# --- who is late


def late_release() -> int:
    """A release of which one delivery failed so far, one for good, one is there, one waits and one was never tried."""
    release_id = take(release(), *(outlet(name) for name in ("a", "b", "c", "d", "e")))
    planning.plan(release_id)
    with ledger.write() as connection:
        for name, values in {
            "a": {"state": "due", "tries": 3, "attempt": 3, "due_at": 1_795_000_600.0, "ended_at": 1_795_000_000.0,
                  "code": "timeout", "reason": "no answer within 30 s", "hold_kind": None},
            "b": {"state": "rejected", "tries": 1, "attempt": 1, "ended_at": 1_794_990_000.0,
                  "code": "http_401", "reason": "401 Unauthorized: \x1b[2J", "hold_kind": None},
            "c": {"state": "delivered", "tries": 1, "attempt": 1, "ended_at": 1.0, "hold_kind": None},
            "d": {"state": "due", "due_at": 1.0, "reason": None, "hold_kind": None},
        }.items():  # fmt: skip
            connection.execute(update(deliveries).where(deliveries.c.outlet_id == name).values(values))
    return release_id


def listed(told: str) -> list[str]:
    """The lines of deliveries, without the spaces between columns."""
    lines = [" ".join(line.split()) for line in told.splitlines()]
    at = lines.index("outlet in state tries last attempt next try why")
    return [line for line in lines[at - 1 :] if not line.startswith(("outlet in", "Outlets that"))]


def test_status_names_who_is_late_and_why_and_when_it_is_tried_again(run: Run) -> None:
    late_release()
    assert listed(run("status", URI).stdout) == [
        "late or failed for good: 2 deliveries",
        "a en due 3 2026-11-18T11:06:40Z 2026-11-18T11:16:40Z timeout: no answer within 30 s",
        "b en rejected 1 2026-11-18T08:20:00Z — http_401: 401 Unauthorized: \ufffd[2J",
    ]
    found = json.loads(run("status", URI, "--json").stdout)["listed"]
    assert (found["what"], found["count"]) == ("late", 2)
    assert found["deliveries"][0] == {
        "outlet": "a", "language": "en", "state": "due", "hold": None, "tries": 3, "code": "timeout",
        "reason": "no answer within 30 s", "last_attempt_at": "2026-11-18T11:06:40Z", "due_at": "2026-11-18T11:16:40Z",
    }  # fmt: skip


@pytest.mark.usefixtures("new_york")
def test_status_lists_the_states_that_are_asked_for_in_the_zone_that_is_set(run: Run) -> None:
    late_release()
    assert listed(run("status", URI, "--state", "held", "--state", "due").stdout)[0] == "held or due: 3 deliveries"
    told = listed(run("status", URI, "--state", "due", "--limit", "1").stdout)
    assert told == ["due: 2 deliveries", "d en due 0 — 1969-12-31T19:00:01-05:00 not tried yet",
                    "… and 1 more; --limit 2 lists all"]  # fmt: skip
    assert (
        listed(run("status", URI, "--since", "2026-11-18T04:00:00-05:00").stdout)[0]
        == "late or failed for good: 1 delivery"
    )


def test_status_speaks_of_outlets_that_do_not_get_it_only_if_there_are_some(run: Run) -> None:
    hint = f"Outlets that do not get it, and why: fanwire outlets list --for {URI}"
    planning.plan(take(release(), outlet("a"), outlet("b")))
    assert hint in run("status", URI).stdout
    with ledger.write() as connection:
        connection.execute(update(deliveries).values(state="delivered", hold_kind=None))
    assert hint not in run("status", URI).stdout
    take(release(uri="urn:x:2"), outlet("c", circuits=["dach"]))
    assert hint in run("status", URI).stdout


def test_the_latest_releases_are_filtered_too(run: Run) -> None:
    late_release()
    with ledger.write() as connection:
        releases.take(connection, release(uri="urn:x:old", headline="Old"), 1_000_000_000.0)
    rows = [line.split() for line in run("status").stdout.splitlines()]
    assert rows[0] == ["release", "version", "status", "received", "deliveries", "headline"]
    assert [row[0] for row in rows[1:]] == [URI, "urn:x:old"]
    assert rows[2][1:] == ["1", "usable", "2001-09-09T01:46:40Z", "not", "planned", "yet", "Old"]

    def shown(*options: str) -> list[str]:
        return [row["release"] for row in json.loads(run("status", "--json", *options).stdout)]

    assert shown("--since", "2020-01-01T00:00:00Z") == [URI]
    assert shown("--state", "rejected") == [URI]
    assert shown("--state", "exhausted") == []
    assert shown("--limit", "1") == [URI]


def test_a_notice_of_an_outlet_that_has_recovered_says_so(run: Run) -> None:
    planning.plan(take(release(), outlet("a"), outlet("b")))
    with ledger.write() as connection:
        for name in ("a", "b", "host.example"):
            notices.add(connection, "refusing", name, "refuses", 1_795_000_000.0)
        taken = {"state": "delivered", "hold_kind": None, "ended_at": 1_795_000_060.0}
        connection.execute(update(deliveries).where(deliveries.c.outlet_id == "a").values(taken))
    told = {line.split(" · ")[2]: line.split(" · ", 3)[3] for line in run("notices").stdout.splitlines()}
    assert told == {
        "a": "refuses · the outlet has taken a delivery since, at 2026-11-18T11:07:40Z",
        "b": "refuses",
        "host.example": "refuses",
    }
    found = {row["subject"]: row["delivered_since"] for row in json.loads(run("notices", "--json").stdout)}
    assert found == {"a": "2026-11-18T11:07:40Z", "b": None, "host.example": None}
