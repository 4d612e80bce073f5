"""The list of releases, a release, and what is done with it there; on both ledgers where the database decides."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, insert, select, update

from tasks import ledger
from tasks.delivery.admission.standing import SOUND, Standing
from tasks.ledger import audit, release_views, releases
from tasks.ledger.deliveries import replay
from tasks.ledger.schema import attempts, deliveries
from tasks.model.ranks import Rank
from tasks.model.states import State
from tests.support import page_scene
from tests.support.page_scene import EVIL, GOING, HELD, KILLED
from tests.support.threads import PATIENCE
from tests.support.visitor import Visitor, visitor
from workers.web.application import application
from workers.web.pages import attention, drains, kept, release_progress
from workers.web.pages import releases as release_list

APP = application()


@pytest.fixture
def scene(book: Engine) -> Iterator[None]:
    """The scene, on each ledger in turn."""
    _forget()
    page_scene.fill()
    yield
    _forget()


@pytest.fixture
def small(sqlite_ledger: None) -> Iterator[None]:
    """The scene on SQLite, where the database decides nothing."""
    _forget()
    page_scene.fill()
    yield
    _forget()


def _forget() -> None:
    kept.forget()
    attention.forget()


def number_of(uri: str) -> int:
    """The number of the newest version of a release."""
    with ledger.read() as connection:
        found = releases.find(connection, uri)
    assert found is not None
    return int(found.id)


@pytest.fixture(autouse=True)
def _a_list_counts_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is."""
    monkeypatch.setattr(release_list, "COUNTING_SECONDS", PATIENCE)


@pytest.mark.usefixtures("scene")
def test_the_sums_are_those_of_the_rows() -> None:
    number = number_of(GOING)
    with ledger.read() as connection:
        rows = connection.execute(select(deliveries).where(deliveries.c.release_id == number)).all()
        sums = release_views.sums(connection, number)
        for by in ("circuit", "transport", "country", "format"):
            grouped = release_views.grouped(connection, sums.span, by)
            if by != "circuit":
                assert sum(sum(states.values()) for states in grouped.values()) == len(rows)
        transports = release_views.grouped(connection, sums.span, "transport")
        circuits = release_views.grouped(connection, sums.span, "circuit")
        sending = release_views.first_sending(connection, sums)
        assert sending is not None
        arrived = release_views.arrivals(connection, sending, 10.0, math.inf)
    wanted: dict[str, dict[str, int]] = {}
    for row in rows:
        of = wanted.setdefault(row.language, {})
        of[row.state] = of.get(row.state, 0) + 1
    assert sums.languages == wanted
    ended = [row.ended_at for row in rows if row.state == State.DELIVERED]
    assert (sums.first_at, sums.last_at) == (min(ended), max(ended))
    assert sums.oldest_due_at == min(row.due_at for row in rows if row.state == State.DUE)
    assert sum(n for _, n in arrived) == len(ended)
    assert (sending.since, sending.last, sending.again) == (min(row.first_due_at for row in rows), max(ended), {})
    assert set(transports) == {"https", "ftp", "mailto", "pull"}
    assert {name: sum(states.values()) for name, states in circuits.items()} == {
        "finance": 160, release_views.NO_CIRCUIT: 80
    }  # fmt: skip


@pytest.mark.usefixtures("scene")
def test_the_pages_of_a_release_say_how_far_it_is() -> None:
    reader = visitor(APP, Rank.READER)
    for path in ("", "?by=circuit", "?by=transport", "?by=country", "?by=format", "?state=all", "?state=due"):
        answer = reader.get(f"/ops/releases/{GOING}{path}")
        assert answer.status_code == 200
        assert "144 of 240" in answer.text
    assert "60 held: approval" in answer.text
    assert "Send again" not in answer.text, "a reader is shown nothing that she may not do"
    listed = reader.get("/ops/releases").text
    assert listed.index("merger of equals") < listed.index("Acme looks ahead") < listed.index("Nordvelt raises")
    assert "144 delivered, 12 due, 60 held, 24 failed" in listed
    assert "60 for an editor" in listed


@pytest.mark.usefixtures("scene")
def test_everyone_who_has_not_got_it_is_found_page_by_page() -> None:
    reader = visitor(APP, Rank.READER)
    found: list[str] = []
    path = f"/ops/releases/{GOING}"
    while path:
        text = reader.get(path).text
        found += re.findall(r'href="/ops/deliveries/(\d+)"', text)
        older = re.search(r'<a href="([^"]+)" rel="next"', text)
        path = html.unescape(older[1]).partition("#")[0] if older else ""
    assert len(found) == len(set(found)) == 96


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("query", "label"), [("state=delivered", "Answer"), ("code=http_503", "Why")])
def test_a_delivery_names_its_release_and_what_it_met(query: str, label: str) -> None:
    reader = visitor(APP, Rank.READER)
    link = re.search(r'href="(/ops/deliveries/\d+)"', reader.get(f"/ops/releases/{GOING}?{query}").text)
    assert link is not None
    page = reader.get(link[1]).text
    assert re.search(rf"<dt>Release</dt><dd><a [^>]+>{re.escape(GOING)}</a>", page)
    assert [one for one in ("Answer", "Why") if f"<dt>{one}</dt>" in page] == [label]
    assert ("<dd><code>http_503</code>" in page) == (label == "Why")
    assert "</code> –" not in page


@pytest.mark.usefixtures("scene")
def test_releases_and_deliveries_are_filtered() -> None:
    reader = visitor(APP, Rank.READER)
    for query, n in (
        ("state=exhausted", 12), ("code=http_404", 12), ("language=ja&state=held&outlet=desk-00", 2),
        ("state=canceled", 0), ("outlet=desk_0", 0),
    ):  # fmt: skip
        text = reader.get(f"/ops/releases/{GOING}?{query}").text
        assert len(re.findall(r'href="/ops/deliveries/\d+"', text)) == n, query
    for query, uris in (
        ("text=NORDVELT", [GOING]), ("text=orbis.example", [KILLED, KILLED]), ("state=failed", [GOING]),
        ("state=held", [HELD, GOING]), ("language=ja", [GOING]), ("circuit=sport", []), ("state=open&language=xx", []),
    ):  # fmt: skip
        text = reader.get(f"/ops/releases?{query}").text
        assert re.findall(r'<span class="mono">([^<]+)</span>', text) == uris, query


@pytest.mark.usefixtures("small")
def test_the_list_goes_on_where_a_page_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release_list, "SHOWN", 3)
    reader = visitor(APP, Rank.READER)
    first = reader.get("/ops/releases").text
    older = re.search(r'<a href="([^"]+)" rel="next"', first)
    assert older is not None
    second = reader.get(html.unescape(older[1])).text
    of = r'<span class="mono">([^<]+)</span>'
    assert re.findall(of, first) + re.findall(of, second) == [KILLED, KILLED, HELD, GOING]
    assert 'rel="next"' not in second


@pytest.mark.usefixtures("small")
def test_a_list_counts_only_for_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release_list, "COUNTING_SECONDS", -1.0)
    monkeypatch.setattr(kept, "LEAST_SECONDS", PATIENCE)
    monkeypatch.setattr(kept, "SETTLED_SECONDS", PATIENCE)
    reader = visitor(APP, Rank.READER)
    _forget()
    assert reader.get("/ops/releases").text.count("is being counted") == 4
    assert "144 of 240" in reader.get(f"/ops/releases/{GOING}").text
    assert reader.get("/ops/releases").text.count("is being counted") == 3, "what somebody has counted is shown"


@pytest.mark.usefixtures("small")
def test_nothing_that_strangers_wrote_is_markup() -> None:
    operator = visitor(APP, Rank.OPERATOR)
    delivery = re.search(r'href="(/ops/deliveries/\d+)"', operator.get(f"/ops/releases/{GOING}?code=http_503").text)
    assert delivery is not None
    hold = f"release={HELD}"
    for path in (
        "/ops/releases", f"/ops/releases/{HELD}", f"/ops/releases/{GOING}", delivery[1], f"/ops/kill?{hold}",
        f"/ops/replay?{hold}&code={EVIL}", f"/ops/embargo?{hold}", f"/ops/correct?{hold}", f"/ops/releases?text={EVIL}",
        f"/ops/releases/{GOING}?outlet={EVIL}&code={EVIL}",
    ):  # fmt: skip
        text = operator.get(path).text
        assert "<img" not in text, path
        assert "</script><" not in text, path


ACTS = {
    "kill": {"release": HELD, "version": "1", "sure": "yes"},
    "replay": {"release": GOING, "version": "1"},
    "embargo": {"release": HELD, "version": "1", "lift": "yes"},
    "correct": {"release": GOING, "document": "{}", "sure": "yes"},
}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("rank", [Rank.READER, Rank.EDITOR])
def test_only_operators_may_act_on_a_release(rank: Rank) -> None:
    somebody = visitor(APP, rank)
    for act, fields in ACTS.items():
        assert somebody.get(f"/ops/{act}?release={HELD}").status_code == 403
        assert somebody.post(f"/ops/{act}", fields).status_code == 403
    with ledger.read() as connection:
        assert {entry["act"] for entry in audit.latest(connection, audit.Wanted(), 50)} == {
            "release.publish", "release.kill"
        }  # fmt: skip


def _message(operator: Visitor, uri: str) -> str:
    found = re.search(r'<p class="message (?:done|failed)"[^>]*>(.*?)</p>', operator.get(f"/ops/releases/{uri}").text)
    assert found is not None
    return found[1]


@pytest.mark.usefixtures("scene")
def test_a_kill_is_by_whoever_is_signed_in_and_from_where() -> None:
    operator = visitor(APP, Rank.OPERATOR, "jane")
    asked = operator.get(f"/ops/kill?release={GOING}").text
    assert "<strong>144 outlets</strong>" in asked
    assert "<strong>72 deliveries</strong>" in asked
    assert operator.post("/ops/kill", {"release": GOING, "version": "1"}).status_code == 422, "nobody was sure"
    assert operator.post("/ops/kill", {"release": GOING, "version": "7", "sure": "yes"}).status_code == 409
    answer = operator.post("/ops/kill", {"release": GOING, "version": "1", "note": "Wrong.", "sure": "yes"})
    assert answer.status_code == 303
    assert "withdrawn by version 2" in _message(operator, GOING)
    with ledger.read() as connection:
        [entry] = audit.latest(connection, audit.Wanted(uri=GOING, act="release.kill"), 5)
    assert (entry["role"], entry["actor"], entry["origin"], entry["remark"]) == (
        "operator", "jane", "127.0.0.1", "Wrong."
    )  # fmt: skip


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("own", "host", "said"),
    [
        (Standing(state="resting", until=4e9), SOUND, "The outlet rests"),
        (SOUND, Standing(state="resting", until=4e9), "The host of the outlet rests"),
        (SOUND, SOUND, None),
    ],
)
def test_a_replay_says_first_that_its_outlet_rests(
    monkeypatch: pytest.MonkeyPatch, own: Standing, host: Standing, said: str | None
) -> None:
    monkeypatch.setattr(drains, "standings", lambda outlets: {outlet.id: (own, host) for outlet in outlets})
    page = visitor(APP, Rank.OPERATOR).get(f"/ops/replay?release={GOING}&outlet=desk-009&language=de").text
    assert ("rests after failures until" in page) == (said is not None)
    assert said is None or (said in page and 'href="/ops/outlets/desk-009"' in page)
    nothing_failed = visitor(APP, Rank.OPERATOR).get(f"/ops/replay?release={GOING}&outlet=desk-009&code=none").text
    assert "has failed" in nothing_failed
    assert "rests after failures until" not in nothing_failed


@pytest.mark.usefixtures("small")
def test_a_language_in_an_address_that_is_none_is_shown_as_it_is() -> None:
    page = visitor(APP, Rank.OPERATOR).get(f"/ops/replay?release={GOING}&outlet=desk-009&language=xx")
    assert page.status_code == 200
    assert "in xx" in page.text


@pytest.mark.usefixtures("scene")
def test_what_is_sent_again_a_day_later_moves_no_mark_of_the_first_sending() -> None:
    """All that had arrived, and then half of what had failed: the one counts when it first came, the other late."""
    reader, number = visitor(APP, Rank.READER), number_of(GOING)

    def marks() -> list[str]:
        kept.forget()
        return re.findall(r"half of them within ([^,]+), 95 % within", reader.get(f"/ops/releases/{GOING}").text)

    before, day = marks(), 86_400
    assert len(before) == 1
    for state in (State.DELIVERED, State.EXHAUSTED):
        with ledger.write() as connection:
            now = ledger.now(connection)
            rows = connection.execute(
                select(deliveries).where(deliveries.c.release_id == number, deliveries.c.state == state)
            ).all()
            tried = [
                {"delivery_id": row.id, "attempt": 2, "verdict": "delivered", "started_at": now + day, "seconds": 1}
                for row in rows
            ]
            replay(connection, now, states=[state], release_id=number)
            connection.execute(insert(attempts), tried)
            again = update(deliveries).where(deliveries.c.id.in_([row.id for row in rows]))
            connection.execute(again.values(state=State.DELIVERED, ended_at=now + day + 1))
        if state is State.DELIVERED:
            assert marks() == before
    assert len(marks()) == 1, "read anew"
    assert "144 deliveries that had arrived were sent again later, and count here when they first arrived" in (
        reader.get(f"/ops/releases/{GOING}").text
    )
    with ledger.read() as connection:
        sending = release_views.first_sending(connection, release_views.sums(connection, number))
        assert sending is not None
        found = release_progress._arrivals(connection, sending)
    assert sum(n for _, n in found) == 156
    assert sum(n for second, n in found if second < 300) == 144
    assert len([second for second, _ in found if second < 300]) > 20, "they are told apart all the same"


@pytest.mark.usefixtures("small")
def test_a_reason_that_is_its_code_stands_there_once() -> None:
    operator = visitor(APP, Rank.OPERATOR)
    operator.post("/ops/replay", {"release": GOING, "version": "1", "outlet": "desk-009", "language": "de"})
    page = re.sub(r"<[^>]+>", " ", operator.get(f"/ops/releases/{GOING}").text)
    assert "replayed" in page
    assert not re.search(r"replayed\s+replayed", page)


@pytest.mark.usefixtures("scene")
def test_a_replay_sends_again_what_failed_all_or_some_of_it() -> None:
    operator = visitor(APP, Rank.OPERATOR)
    of = {"release": GOING, "version": "1"}
    assert "12 deliveries" in operator.get(f"/ops/replay?release={GOING}&code=http_404").text
    operator.post("/ops/replay", of | {"code": "http_404"})
    assert "12 deliveries are due again" in _message(operator, GOING)
    operator.post("/ops/replay", of | {"outlet": "desk-009", "language": "de"})
    assert "1 delivery is due again" in _message(operator, GOING)
    operator.post("/ops/replay", of)
    assert "11 deliveries are due again" in _message(operator, GOING)
    operator.post("/ops/replay", of)
    assert "0 deliveries are due again: none that is chosen has ended as" in _message(operator, GOING)
    with ledger.read() as connection:
        counted = release_views.sums(connection, number_of(GOING)).states
    assert counted[State.DUE] == 36


@pytest.mark.usefixtures("small")
def test_an_embargo_is_moved_and_lifted() -> None:
    operator = visitor(APP, Rank.OPERATOR)
    of = {"release": HELD, "version": "1"}
    assert operator.post("/ops/embargo", of | {"until": "tomorrow"}).status_code == 422
    assert operator.post("/ops/embargo", of | {"until": "2001-01-01T00:00:00Z"}).status_code == 422
    operator.post("/ops/embargo", of | {"until": "2099-01-01T00:00:00Z"})
    assert "held until 2099-01-01" in _message(operator, HELD)
    operator.post("/ops/embargo", of | {"lift": "yes"})
    assert "goes out now" in _message(operator, HELD)


@pytest.mark.usefixtures("small")
def test_a_correction_is_shown_first_and_then_taken() -> None:
    operator = visitor(APP, Rank.OPERATOR, "jane")
    page = operator.get(f"/ops/correct?release={GOING}").text
    shown = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert shown is not None
    document = json.loads(html.unescape(shown[1]))
    assert document["version"] == 2
    document["headline"] = "Nordvelt lowers its forecast"
    of = {"release": GOING, "document": json.dumps(document, indent=1).replace("\n", "\r\n")}
    asked = operator.post("/ops/correct", of)
    assert "would go to" in asked.text
    assert "\ufffd" not in asked.text, "forms send line breaks in a way of their own"
    assert number_of(GOING) == 1, "nothing was done"
    wrong = operator.post("/ops/correct", of | {"document": json.dumps(document | {"version": 1})})
    assert wrong.status_code == 422
    assert "was taken before with other content" in html.unescape(wrong.text)
    other = operator.post("/ops/correct", of | {"document": json.dumps(document | {"uri": HELD}), "sure": "yes"})
    assert "a correction keeps the URI" in other.text
    uploaded = operator.post("/ops/correct", {"release": GOING}, files={"file": ("r.json", of["document"].encode())})
    assert "would go to" in uploaded.text
    answer = operator.post("/ops/correct", of | {"sure": "yes"})
    assert answer.status_code == 303
    assert "Version 2 is taken" in _message(operator, GOING)
    with ledger.read() as connection:
        [entry] = audit.latest(connection, audit.Wanted(uri=GOING, act="release.correct"), 5)
    assert (entry["actor"], entry["version"]) == ("jane", 2)


@pytest.mark.usefixtures("small")
def test_what_is_not_there_is_said_so() -> None:
    operator = visitor(APP, Rank.OPERATOR)
    for path in (
        "/ops/releases/urn:none", f"/ops/releases/{GOING}?version=9", "/ops/deliveries/99999999999999999999999",
        "/ops/kill?release=urn:none", "/ops/report?release=urn:none", "/ops/nothing",
    ):  # fmt: skip
        answer = operator.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"].startswith("text/html")
    assert operator.get(f"/ops/report?release={GOING}&format=exe").status_code == 422


@pytest.mark.usefixtures("small")
def test_the_report_is_saved_and_not_shown() -> None:
    reader = visitor(APP, Rank.READER)
    for form, begins in (("html", "<!doctype html>"), ("csv", "outlet,"), ("json", "{")):
        answer = reader.get(f"/ops/report?release={GOING}&format={form}")
        assert answer.headers["content-disposition"].startswith("attachment; ")
        assert answer.text.lower().startswith(begins)
