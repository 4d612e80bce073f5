"""`fanwire outlets …` as operators use it: importing, disabling and removing outlets, and finding some of thousands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from tasks import ledger, planning
from tasks.delivery import transports
from tasks.delivery.transfers.transfer import Answer
from tasks.formatting import FORMATS
from tasks.ledger import counts, outlets
from tasks.ledger.schema import deliveries as rows_of
from tasks.operations import report as reports
from tests.support.samples import URI, outlet, release
from workers.cli import one_outlet

from .conftest import Run, take

pytestmark = pytest.mark.usefixtures("home")


def status_of(name: str) -> tuple[str, str | None]:
    """The status of an outlet, and the reason of it."""
    with ledger.read() as connection:
        row = outlets.get(connection, name)
    assert row is not None
    return row.status, row.status_reason


def states(release_id: int) -> dict[str, int]:
    """The deliveries of a release, by state."""
    with ledger.read() as connection:
        return counts.total(counts.states(connection, release_id))


def rows(*documents: dict[str, Any]) -> str:
    """A file of outlets, as JSON: each document over that of a good outlet."""
    good = {"name": "A", "country": "PT", "languages": ["en"], "url": "https://a.example/wire"}
    return json.dumps([good | document for document in documents])


# --- import


def test_an_import_says_what_is_new_changed_and_unchanged(run: Run) -> None:
    run("outlets", "import", "-", input=rows({"id": "a"}, {"id": "b"}))
    again = rows({"id": "a"}, {"id": "b", "name": "B", "topics": ["04000000"]}, {"id": "c"})
    told = run("outlets", "import", "-", input=again).stdout.splitlines()
    assert told == [
        "new        c",
        "changed    b: name, topics",
        "3 outlets imported: 1 new, 1 changed, 1 unchanged; 0 refused",
    ]
    found = json.loads(run("outlets", "import", "-", "--json", input=again).stdout)
    assert found == {
        "imported": 3, "new": [], "changed": {}, "unchanged": 3, "unverified": [], "refused": 0, "problems": [],
        "dry_run": False,
    }  # fmt: skip


def test_the_status_says_how_an_unverified_outlet_is_verified(run: Run) -> None:
    planning.plan(take(release(), outlet("a", status="unverified")))
    assert "(imported as unverified; `fanwire outlets verify ID` asks it)" in run("status", release().uri).stdout


def test_a_dry_run_of_an_import_writes_nothing(run: Run) -> None:
    take(release(), outlet("a", url="https://a.example/"))
    file = rows({"id": "a", "url": "https://b.example/"}, {"id": "b"}, {"id": "b"})
    told = run("outlets", "import", "-", "--dry-run", "--skip-bad", input=file, status=1)
    assert told.stdout.splitlines() == [
        "new        b",
        "changed    a: name, url",
        "2 outlets would be imported: 1 new, 1 changed, 0 unchanged; 1 refused",
        "Nothing was written: this was a dry run.",
    ]
    assert json.loads(run("outlets", "import", "-", "--dry-run", "--json", input=rows({"id": "b"})).stdout)["new"] == [
        "b"
    ]
    with ledger.read() as connection:
        assert [one.url for one in outlets.everyone(connection)] == ["https://a.example/"]


def test_what_an_import_changes_is_listed_only_so_far(run: Run) -> None:
    file = rows(*({"id": f"o-{n}"} for n in range(30)))
    told = run("outlets", "import", "-", "--dry-run", input=file).stdout.splitlines()
    assert told[19:22] == [
        "new        o-19",
        "new        … and 10 more; --json lists all",
        "30 outlets would be imported: 30 new, 0 changed, 0 unchanged; 0 refused",
    ]
    said = run("outlets", "import", "-", input=file).stdout
    assert said == "30 outlets imported: 30 new, 0 changed, 0 unchanged; 0 refused\n"


def test_the_status_of_a_new_outlet_is_taken_and_says_where_it_comes_from(run: Run) -> None:
    run("outlets", "import", "-", input=rows({"id": "a", "status": "paused"}))
    assert status_of("a") == ("paused", "imported as paused")
    run("outlets", "resume", "a")
    assert run("outlets", "import", "-", input=rows({"id": "a"})).stdout.startswith(
        "1 outlet imported: 0 new, 0 changed"
    )
    assert status_of("a") == ("active", None)


@pytest.mark.parametrize(
    ("before", "said", "hint"),
    [
        ("active", "paused", "`fanwire outlets pause a`"),
        ("active", "disabled", "`fanwire outlets disable a`"),
        ("disabled", "active", "`fanwire outlets resume a`"),
    ],
)
def test_an_import_never_ignores_a_status_that_differs(run: Run, before: str, said: str, hint: str) -> None:
    take(release(), outlet("a", url="https://a.example/wire"))
    with ledger.write() as connection:
        outlets.set_status(connection, ["a"], before, None, ledger.now(connection))
    file = rows({"id": "a", "name": "New", "status": said}, {"id": "b"})
    done = run("outlets", "import", "-", input=file, status=1)
    assert f"outlet a: status: is {said!r} here, but the outlet is {before}" in done.stderr
    assert hint in done.stderr
    assert "1 outlet imported: 1 new, 0 changed, 0 unchanged; 1 refused" in done.stdout
    assert status_of("a")[0] == before
    same = rows({"id": "a", "name": "New", "status": before})
    assert "1 changed" in run("outlets", "import", "-", input=same).stdout


# --- pause, disable and remove


def audited(run: Run, name: str) -> list[tuple[str, Any]]:
    """What was done to an outlet and the new reason, the latest first."""
    entries = json.loads(run("audit", "--outlet", name, "--json").stdout)
    return [(entry["act"], entry["new"].get("reason")) for entry in entries]


@pytest.mark.parametrize(("command", "state"), [("pause", "paused"), ("disable", "disabled")])
def test_a_new_reason_is_taken_and_nothing_is_on_record_that_did_not_happen(run: Run, command: str, state: str) -> None:
    release_id = take(release(), outlet("a"))
    planning.plan(release_id)
    run("outlets", command, "a", "--reason", "holiday")
    told = run("outlets", command, "a", "--reason", "flood").stdout
    assert told == f"a was {state} already (holiday); the reason is now: flood; what it misses is kept\n"
    assert status_of("a") == (state, "flood")
    with ledger.read() as connection:
        assert [hold["detail"] for hold in counts.holds(connection, release_id)] == ["flood"]
    for more in ([], ["--reason", "flood"]):
        told = run("outlets", command, "a", *more).stdout
        assert told == f"a is {state} already (flood); nothing has changed, and what it misses is kept\n"
    assert status_of("a") == (state, "flood")
    assert audited(run, "a") == [(f"outlet.{command}", "flood"), (f"outlet.{command}", "holiday")]


def test_an_outlet_is_disabled_by_hand_and_comes_back(run: Run) -> None:
    release_id = take(release(), outlet("a"), outlet("b"))
    planning.plan(release_id)
    told = run("outlets", "disable", "a", "--reason", "contract ended").stdout
    assert told == "a is disabled; 1 delivery is kept for it until `fanwire outlets resume a`\n"
    assert status_of("a") == ("disabled", "contract ended")
    with ledger.read() as connection:
        held = {hold["kind"]: hold for hold in counts.holds(connection, release_id)}
    assert held["outlet_disabled"]["detail"] == "contract ended"
    [entry, *_] = json.loads(run("audit", "--outlet", "a", "--json").stdout)
    assert (entry["act"], entry["new"]["reason"], entry["new"]["deliveries"]) == ("outlet.disable", "contract ended", 1)
    assert "a is disabled already (contract ended)" in run("outlets", "disable", "a").stdout
    run("outlets", "resume", "a")
    assert status_of("a") == ("active", None)


def test_a_removed_outlet_gets_nothing_more_and_stays_in_reports(run: Run) -> None:
    release_id = take(release(), outlet("a"), outlet("b"))
    planning.plan(release_id)
    told = run("outlets", "remove", "a").stdout
    assert told.startswith("a is removed; 1 open delivery ended as canceled (outlet_removed)\n")
    with ledger.read() as connection:
        lines = {line.outlet: line for line in reports.report(connection, release_id).lines}
    assert (lines["a"].state, lines["a"].code, lines["a"].reason) == (
        "canceled", "outlet_removed", "the outlet was removed",
    )  # fmt: skip
    assert "canceled: 1 outlet_removed: the outlet was removed" in run("status", URI).stdout
    [entry, *_] = json.loads(run("audit", "--outlet", "a", "--json").stdout)
    assert (entry["act"], entry["old"]["status"], entry["new"]) == ("outlet.remove", "active", {"deliveries": 1})

    second = take(release(version=2))
    planning.plan(second)
    assert states(second).get("held") == 1, "only b gets the correction"
    for command in ("show", "pause", "resume", "disable", "remove", "test"):
        problem = run("outlets", command, "a", status=1).stderr
        assert "outlet 'a' was removed" in problem
        assert "fanwire outlets import" in problem
    assert [row["id"] for row in json.loads(run("outlets", "list", "--json").stdout)] == ["b"]
    assert run("replay", "--release", URI, "--state", "rejected").stdout.startswith("0 ")


def test_the_commands_of_one_outlet_say_it_for_programs_too(run: Run) -> None:
    planning.plan(take(release(), outlet("a"), outlet("b")))

    def told(*arguments: str) -> Any:
        return json.loads(run("outlets", *arguments, "--json").stdout)

    assert told("pause", "a") == {"outlet": "a", "status": "paused", "deliveries": 1}
    assert told("disable", "a") == {"outlet": "a", "status": "disabled", "deliveries": 1}
    assert told("pause", "a") == {"outlet": "a", "status": "disabled", "deliveries": 0}
    assert told("disable", "a") == {"outlet": "a", "status": "disabled", "deliveries": 0}
    assert told("resume", "a")["status"] == "active"
    assert told("remove", "a") == {"outlet": "a", "status": "removed", "deliveries": 1}
    problem = json.loads(run("outlets", "remove", "a", "--json", status=1).stdout)["problems"][0]["problem"]
    assert "was removed" in problem


def test_a_removed_outlet_comes_back_by_an_import(run: Run) -> None:
    take(release(), outlet("a"))
    run("outlets", "remove", "a")
    assert "1 new" in run("outlets", "import", "-", input=f"[{outlet('a').to_json()}]").stdout
    assert status_of("a") == ("active", None)


def test_nothing_but_an_import_brings_a_removed_outlet_back(run: Run) -> None:
    take(release(), outlet("a"))
    run("outlets", "remove", "a")
    with ledger.write() as connection:
        assert outlets.set_status(connection, ["a"], "disabled", "410 Gone", ledger.now(connection)) == 0
        assert outlets.count(connection) == 0
    assert status_of("a")[0] == "removed"


def test_what_was_rejected_is_not_replayed_to_a_removed_outlet(run: Run) -> None:
    release_id = take(release(), outlet("a"), outlet("b"))
    planning.plan(release_id)
    with ledger.write() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET state = 'rejected', hold_kind = NULL")
    run("outlets", "remove", "a")
    assert run("replay", "--release", URI).stdout == "1 delivery is due again\n"


@pytest.mark.parametrize("embargo", [None, "2126-12-01T07:00:00-05:00"])
def test_what_ended_with_its_outlet_is_replayed_once_the_outlet_is_back(run: Run, embargo: str | None) -> None:
    release_id = take(release(embargo_until=embargo), outlet("a"), outlet("b"))
    planning.plan(release_id)
    run("outlets", "remove", "a")
    assert run("replay", "--release", URI).stdout.startswith("0 deliveries are due again: ")
    run("outlets", "import", "-", input=f"[{outlet('a').to_json()}]")
    found = json.loads(run("outlets", "list", "--for", URI, "--json").stdout)
    assert found["outlets"][0]["held"] == {
        "en": "its delivery ended when the outlet was removed; `fanwire replay` sends it"
    }
    assert found["goes_to"]["outlets"] == (0 if embargo else 1)
    told = run("replay", "--outlet", "a").stdout
    assert told == "1 delivery is open again: 1 waits for an embargo, a translation or its format\n"
    assert states(release_id) == {"held": 2}
    with ledger.read() as connection:
        assert {hold["kind"] for hold in counts.holds(connection, release_id)} == (
            {"embargo"} if embargo else {"rendition"}
        )
    found = json.loads(run("outlets", "list", "--for", URI, "--json").stdout)
    assert (
        "its delivery ended when the outlet was removed; `fanwire replay` sends it"
        not in found["outlets"][0]["held"].values()
    )


def test_what_a_correction_replaced_stays_ended_when_its_outlet_is_back(run: Run) -> None:
    planning.plan(take(release(), outlet("a")))
    run("outlets", "remove", "a")
    second = take(release(version=2), outlet("a"))
    planning.plan(second)
    told = run("replay", "--outlet", "a").stdout
    assert told == (
        "0 deliveries are due again: none that is chosen has ended as exhausted, rejected or canceled "
        "(outlet_removed) in the newest version of its release\n"
    )


def test_an_outlet_that_came_after_a_release_was_planned_does_not_get_it(run: Run) -> None:
    planning.plan(take(release(), outlet("a")))
    run("outlets", "import", "-", input=f"[{outlet('new').to_json()}]")
    found = json.loads(run("outlets", "list", "--for", URI, "--json").stdout)
    assert found["outlets"][1]["held"] == {"en": "the outlet fits only since the release was planned"}
    assert (found["goes_to"]["outlets"], found["goes_to"]["of"]) == (1, 2)


def test_what_is_replayed_for_a_disabled_outlet_says_what_holds_it(run: Run) -> None:
    planning.plan(take(release(), outlet("a"), outlet("b"), outlet("c")))
    with ledger.write() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET state = 'rejected', hold_kind = NULL")
    run("outlets", "disable", "a")
    run("outlets", "pause", "b")
    assert run("replay", "--release", URI).stdout == (
        "3 deliveries are due again; 2 of them are held until `fanwire outlets resume`, for their outlets are paused "
        "or disabled: a, b\n"
    )


# --- what an outlet missed


def test_what_an_outlet_missed_is_sent_by_one_command(run: Run) -> None:
    """The delivery whose answer was 410 has ended; what came later is kept; what it has is not sent again."""
    with ledger.write() as connection:
        outlets.put(connection, [outlet("a")], ledger.now(connection))
    for number, (state, code) in enumerate([("delivered", "http_200"), ("rejected", "http_410")]):
        found = take(release(uri=f"{URI}:{number}"))
        planning.plan(found)
        with ledger.write() as connection:
            connection.exec_driver_sql(
                f"UPDATE deliveries SET state = '{state}', code = '{code}', hold_kind = NULL WHERE release_id = {found}"
            )
    run("outlets", "disable", "a")
    planning.plan(take(release()))
    assert "missed       1 kept, 1 rejected; to send it: fanwire replay --outlet a --missed" in (
        run("outlets", "show", "a").stdout
    )
    assert json.loads(run("outlets", "show", "a", "--json").stdout)["missed"] == {"kept": 1, "rejected": 1}
    told = run("replay", "--outlet", "a", "--missed").stdout
    assert told == (
        "a is active again; 2 deliveries that it missed are open again: 1 kept, 1 rejected; 1 of those that had ended "
        "wait for an embargo, a translation or its format\n"
    )
    assert status_of("a") == ("active", None)
    assert [act for act, _ in audited(run, "a")] == ["delivery.replay", "outlet.resume", "outlet.disable"]
    again = run("replay", "--outlet", "a", "--missed").stdout
    assert again == (
        "0 deliveries are open again: a has missed nothing for want of an address, a login or time; "
        "`fanwire replay --outlet a` sends what it refused\n"
    )
    assert "missed" not in run("outlets", "show", "a").stdout


@pytest.mark.parametrize("more", [[], ["--outlet", "a", "--state", "rejected"], ["--outlet", "a", "--language", "en"]])
def test_what_was_missed_is_asked_for_by_the_outlet_alone(run: Run, more: list[str]) -> None:
    assert "goes with --outlet, and with nothing else" in run("replay", "--missed", *more, status=2).output


# --- edit


EDITS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "a field": (["name=The Desk"], {"name": "The Desk"}),
    "a list": (["languages=de; fr pt"], {"languages": ["de", "fr", "pt"]}),
    "an inner field": (["limits.in_flight=2"], {"limits": {"in_flight": 2}}),
    "a header": (["headers.X-Desk=a=b"], {"headers": {"X-Desk": "a=b"}}),
    "several": (["format=html", "topics=04000000"], {"format": "html", "topics": ["04000000"]}),
    "gone": (["limits.per_minute=", "circuits="], {"limits": None, "circuits": None}),
}


@pytest.mark.parametrize("edit", EDITS)
def test_fields_are_edited_as_by_an_import_and_recorded(run: Run, edit: str) -> None:
    take(release(), outlet("a", circuits=["dach"], limits={"per_minute": 60}))
    changes, wanted = EDITS[edit]
    if edit != "gone":
        run("outlets", "edit", "a", "limits.per_minute=", "circuits=")
    with ledger.read() as connection:
        before = outlets.documents(connection, ["a"])["a"]
    told = json.loads(run("outlets", "edit", "a", *changes, "--json").stdout)
    assert (told["changed"], told["dry_run"]) == (sorted(wanted), False)
    with ledger.read() as connection:
        after = outlets.documents(connection, ["a"])["a"]
    assert {name: after.get(name) for name in wanted} == wanted
    assert {name: value for name, value in after.items() if name not in wanted} == {
        name: value for name, value in before.items() if name not in wanted
    }
    [entry, *_] = json.loads(run("audit", "--outlet", "a", "--json").stdout)
    struck = {"headers": {"X-Desk": "***"}} if "headers" in wanted else {}
    new = {name: value for name, value in wanted.items() if value is not None}
    assert (entry["act"], entry["new"]) == ("outlet.change", new | struck)
    assert entry["old"] == {name: before[name] for name in wanted if name in before}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("name", "name: is no change: write FIELD=VALUE"),
        ("limits.inflight=2", "limits.inflight: is not a field that an outlet has; did you mean limits.in_flight?"),
        ("id=b", "id: cannot be changed"),
        ("status=paused", "status: is not edited: `fanwire outlets pause`"),
        ("limits.in_flight=two", "limits.in_flight: "),
        ("format=fax", "format: must be "),
        ("name=", "name: is required"),
        ("url=https://c.example/", "which would go there; if that is meant, "),
    ],
)
def test_an_edit_is_taken_whole_or_not_at_all(run: Run, change: str, said: str) -> None:
    auth = {"type": "bearer", "secret": "env:FANWIRE_SECRET_A"}
    take(release(), outlet("a", url="https://a.example/", auth=auth))
    assert said in run("outlets", "edit", "a", "country=DE", change, status=1).stderr
    with ledger.read() as connection:
        [found] = outlets.everyone(connection)
    assert (found.country, found.url) == ("PT", "https://a.example/")


def test_an_edit_says_what_changes_and_writes_nothing_if_it_is_dry(run: Run) -> None:
    auth = {"type": "bearer", "secret": "env:FANWIRE_SECRET_A"}
    take(release(), outlet("a", url="https://a.example/?token=0123456789abcdef", auth=auth))
    change = ("url=https://b.example/", "format=html")
    told = run("outlets", "edit", "a", *change, "--confirm", "--dry-run").stdout.splitlines()
    assert told == [
        'format: — → "html"',
        'url: "https://a.example/?token=***" → "https://b.example/"',
        "a: 2 fields would be changed",
    ]
    assert run("outlets", "edit", "a", *change, "--confirm").stdout.endswith("a: 2 fields are changed\n")
    assert run("outlets", "edit", "a", *change).stdout == "a: nothing is changed\n"


# --- list


def listed(run: Run, *filters: str) -> list[str]:
    return [row["id"] for row in json.loads(run("outlets", "list", "--json", *filters).stdout)]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([], ["a", "b", "c"]),
        (["--language", "pt"], ["a", "c"]),
        (["--language", "PT-br"], ["c"]),
        (["--country", "de"], ["b"]),
        (["--circuit", "dach"], ["b"]),
        (["--topic", "04000000"], ["b"]),
        (["--status", "paused"], ["c"]),
        (["--status", "removed"], ["gone"]),
        (["--format", "text"], ["c"]),
        (["--transport", "https"], ["b", "c"]),
        (["--host", "bote.example"], ["b", "c"]),
        (["--host", "wire.bote.example"], ["c"]),
        (["--host", "127.0.0.1"], ["a"]),
        (["--host", "0.1"], []),
        (["--host", "bote.example", "--language", "de"], ["b"]),
    ],
)
def test_the_list_is_of_the_outlets_that_are_asked_for(run: Run, filters: list[str], found: list[str]) -> None:
    take(
        release(),
        outlet("a", languages=["pt"]),
        outlet(
            "b", country="DE", languages=["de"], circuits=["dach"], topics=["04000000"], url="https://bote.example/"
        ),
        outlet("c", languages=["en", "pt-BR"], status="paused", format="text", url="https://wire.bote.example:8443/"),
        outlet("gone"),
    )
    run("outlets", "remove", "gone")
    assert listed(run, *filters) == found
    told = run("outlets", "list", *filters).stdout.splitlines()
    if filters and "removed" not in filters:
        assert told[-1] == f"{len(found)} of 3 outlets"


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (["--country", "UK"], "'UK' is not an ISO 3166-1 country code of two letters; United Kingdom is GB"),
        (["--language", "english"], "'english' is not a language tag"),
        (["--format", "pdf"], f"'pdf' is no format; the formats are {', '.join(FORMATS.all())}"),
        (["--transport", "gopher"], "'gopher' is no transport; the transports are file, ftp, ftps, http, https"),
    ],
)
def test_a_filter_that_no_outlet_can_fit_is_refused(run: Run, filters: list[str], said: str) -> None:
    take(release(), outlet("a"))
    assert said in " ".join(run("outlets", "list", *filters, status=2).stderr.replace("│", " ").split())


def test_who_gets_a_release_is_filtered_too(run: Run) -> None:
    take(release(), outlet("a"), outlet("b", country="DE"), outlet("c", country="DE", languages=["de"]))
    told = run("outlets", "list", "--for", URI, "--country", "DE").stdout
    assert [line.split()[0] for line in told.splitlines()[1:3]] == ["b", "c"]
    assert "of 2 outlets" in told


# --- show


def test_an_outlet_is_shown_with_what_became_of_its_deliveries(run: Run) -> None:
    take(release(), outlet("a", languages=["en", "de"], limits={"in_flight": 2}))
    told = run("outlets", "show", "a").stdout.splitlines()
    assert told[0] == "a · PT · active"
    assert 'limits       {"in_flight": 2}' in told
    assert "format       ninjs" in told
    assert "deliveries   none yet" in told
    assert "host         127.0.0.1:800: nobody knows whether it rests, for no broker is up" in told
    planning.plan(take(release(uri="urn:x:2")))
    with ledger.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO attempts (delivery_id, attempt, verdict, status, code, detail, started_at, seconds) VALUES "
            "(1, 1, 'failed', 503, 'http_503', '503 Service Unavailable', 1795000000, 0.25), "
            "(1, 2, 'delivered', 200, 'http_200', NULL, 1795000060, 0.5)"
        )
        connection.exec_driver_sql("UPDATE deliveries SET state = 'delivered', hold_kind = NULL WHERE id = 1")
    told = run("outlets", "show", "a").stdout.splitlines()
    assert "deliveries   1 held, 1 delivered" in told
    assert "success      50 % of the last 2 attempts: 1 delivered, 1 failed" in told
    assert [" ".join(line.split()) for line in told[-2:]] == [
        "2026-11-18T11:07:40Z delivered http_200 0.5 s en urn:x:2 v1",
        "2026-11-18T11:06:40Z failed http_503 0.2 s en urn:x:2 v1: 503 Service Unavailable",
    ]
    found = json.loads(run("outlets", "show", "a", "--json").stdout)
    assert (found["deliveries"], found["success"], found["id"]) == ({"delivered": 1, "held": 1}, 0.5, "a")
    assert [one["code"] for one in found["attempts"]] == ["http_200", "http_503"]
    assert (found["host"], found["rests_until"]) == ("127.0.0.1:800", None)


def test_an_outlet_is_shown_with_its_next_try(run: Run) -> None:
    planning.plan(take(release(), outlet("a", languages=["en", "de"], format="text")))
    with ledger.write() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET state = 'due', hold_kind = NULL, due_at = 1795000000 + id")
    told = run("outlets", "show", "a").stdout.splitlines()
    assert "deliveries   2 due" in told
    assert "next try     2026-11-18T11:06:41Z" in told
    found = json.loads(run("outlets", "show", "a", "--json").stdout)
    assert (found["next_try_at"], found["format"]) == ("2026-11-18T11:06:41Z", "text")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["outlets", "resume", "a"], "a is active; 1 delivery is due now"),
        (
            ["replay", "--outlet", "a", "--missed"],
            "1 delivery that waited for the next try is due now; a has missed no other",
        ),
    ],
)
def test_what_waits_for_its_next_try_goes_at_once_when_somebody_says_so(
    run: Run, command: list[str], said: str
) -> None:  # fmt: skip
    planning.plan(take(release(), outlet("a"), outlet("b")))
    with ledger.write() as connection:
        later = ledger.now(connection) + 900
        connection.exec_driver_sql(f"UPDATE deliveries SET state = 'due', hold_kind = NULL, due_at = {later}")
    assert run(*command).stdout == f"{said}\n"
    with ledger.read() as connection:
        waits = {row.outlet_id: row.due_at > ledger.now(connection) for row in connection.execute(select(rows_of))}
    assert waits == {"a": False, "b": True}


def test_the_rest_of_a_host_is_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    take(release(), outlet("a"))
    monkeypatch.setattr(one_outlet, "rest_of", lambda _id, _url: one_outlet.Rest(known=True, until=4_000_000_000.0))
    assert (
        "host         127.0.0.1:800; it or the outlet rests after failures until 2096-10-02T07:06:40Z"
        in run("outlets", "show", "a").stdout
    )
    assert json.loads(run("outlets", "show", "a", "--json").stdout)["rests_until"] == "2096-10-02T07:06:40Z"


# --- test


@pytest.mark.parametrize("format", ["ninjs", "newsmlg2", "html", "text"])
def test_a_test_is_an_item_in_the_outlets_own_format_that_says_it_is_one(
    run: Run, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    from workers import marked_test

    seen: list[Any] = []

    def sent(receiver: Any, request: Any) -> Answer:
        transfer = transports.prepare(receiver, request, key=None, deadline=1, now=1.0)
        seen.append(transfer)
        return Answer(
            transfer=transfer, status=200, error=None, error_kind=None, headers={}, answer=b"", sent=True, address=None,
            started_at=1.0, seconds=0.25, connected=0.0,
        )  # fmt: skip

    monkeypatch.setattr(marked_test, "deliver", sent)
    take(release(), outlet("a", languages=["ar", "en"], format=format))
    told = run("outlets", "test", "a").stdout
    assert told.startswith(
        f"a: delivered (http_200): 200 OK, after 0.25 s\nsent: “TEST – please do not publish” as {format} in ar, "
    )
    [transfer] = seen
    text = transfer.body.decode()
    assert "TEST – please do not publish" in text
    assert "TEST – DO NOT PUBLISH" in text
    assert "Fanwire-Action: test" in transfer.headers
    assert "Content-Language: ar" in transfer.headers
    field = {
        "ninjs": '"pubStatus":"withheld"', "newsmlg2": 'qcode="stat:withheld"',
        "html": '<meta name="robots" content="noindex, nofollow">', "text": "TEST – DO NOT PUBLISH",
    }  # fmt: skip
    assert field[format] in text


def test_a_test_that_cannot_be_sent_says_why(run: Run) -> None:
    take(
        release(), outlet("a", auth={"type": "bearer", "secret": "env:FANWIRE_SECRET_NONE"}), outlet("b", format="pdf")
    )
    assert "a: ours (secret_missing): " in run("outlets", "test", "a", status=1).stdout
    found = json.loads(run("outlets", "test", "b", "--json", status=1).stdout)
    assert (found["verdict"], found["code"]) == ("ours", "rendition_missing")
    assert "pdf" in found["detail"]
