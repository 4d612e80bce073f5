"""`fanwire outlets …` as operators use it: importing, disabling and removing outlets, and finding some of thousands."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasks import ledger, planning
from tasks.ledger import counts, outlets
from tasks.operations import report as reports
from tests.support.samples import URI, outlet, release

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
        "imported": 3, "new": [], "changed": {}, "unchanged": 3, "refused": 0, "problems": [], "dry_run": False,
    }  # fmt: skip


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
    told = run("outlets", "import", "-", input=rows(*({"id": f"o-{n}"} for n in range(30)))).stdout.splitlines()
    assert told[19:] == [
        "new        o-19",
        "new        … and 10 more; --json lists all",
        "30 outlets imported: 30 new, 0 changed, 0 unchanged; 0 refused",
    ]


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


# --- disable and remove


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
    assert run("replay", "--release", URI).stdout == "1 deliveries are due again\n"
