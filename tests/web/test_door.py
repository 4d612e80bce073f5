"""The producers' door: what it takes, what it answers, and that nobody reaches what is another's."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import select

from tasks import ledger, planning
from tasks.ledger import audit, outlets, producer_rows, refusals
from tasks.ledger import releases as rows
from tasks.ledger.schema import deliveries, door_requests
from tasks.model.producers import DoorProducer
from tasks.operations import door_access
from tasks.runtime.settings import settings
from tests.conftest import forget
from tests.support.processes import until
from tests.support.readers import warm_reader
from tests.support.samples import URI, outlet, release
from tests.support.stepped_time import SteppedTime
from tests.support.threads import run_together
from tests.support.web_server import InProcess, web_server
from workers.document_reader import DocumentReader
from workers.web.application import application
from workers.web.door import asking, limits, operation, releases
from workers.web.surroundings import Surroundings

pytestmark = pytest.mark.usefixtures("sqlite_ledger")

DOCUMENT: dict[str, Any] = json.loads(release().to_json())
ACME = "urn:newsml:acme.example:"


@pytest.fixture(scope="module")
def reader() -> Iterator[DocumentReader]:
    """Readers of documents for all tests here; to start them takes a second."""
    with warm_reader() as shared:
        yield shared


class Door:
    """The door in this process, for producers by their names."""

    def __init__(self) -> None:
        self._server, self.tokens = InProcess(Surroundings(application())), dict[str, str]()

    def add(self, name: str, **fields: Any) -> None:
        with ledger.write() as connection:
            self.tokens[name] = door_access.add(connection, name, DoorProducer.model_validate(fields))

    def ask(self, method: str, path: str, by: str | None = "acme", **more: Any) -> httpx.Response:
        headers = dict(more.pop("headers", {}))
        if by is not None:
            headers |= {"authorization": f"Bearer {self.tokens[by]}"}
        return self._server.ask(method, path, headers=headers, **more)

    def send(self, by: str | None = "acme", path: str = "/releases", key: str | None = None, **fields: Any) -> Any:
        headers = {"idempotency-key": key} if key else {}
        return self.ask("POST", path, by, json=DOCUMENT | fields, headers=headers)


@pytest.fixture
def door(reader: DocumentReader, monkeypatch: pytest.MonkeyPatch) -> Door:
    """With the producers `acme`, who has its URIs, and `other`."""
    monkeypatch.setattr(releases, "reader", reader)
    monkeypatch.setattr(asking, "per_minute", limits.PerMinute())
    monkeypatch.setattr(asking, "wrong_tokens", limits.WrongTokens())
    door = Door()
    door.add("acme", uris=[ACME])
    door.add("other")
    return door


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return [one["pointer"] for one in answer.json()["errors"]]


def address(uri: str, rest: str = "") -> str:
    return f"/releases/{quote(uri, safe='')}{rest}"


# --- sending


def test_a_release_is_taken_with_the_receipt_of_the_queue(door: Door) -> None:
    with ledger.write() as connection:
        outlets.put(connection, [outlet("a"), outlet("b", languages=["de"])], 1.0)
    answer = door.send()
    assert (answer.status_code, answer.headers["location"]) == (202, f"/releases/{URI}")
    receipt = answer.json()
    assert (receipt["status"], receipt["uri"], receipt["version"]) == ("accepted", URI, 1)
    assert (receipt["goes_to"]["outlets"], receipt["goes_to"]["of"]) == (1, 2)
    again = door.send()
    assert (again.status_code, again.json()["status"]) == (202, "known")
    with ledger.read() as connection:
        row, now = rows.find(connection, URI), ledger.now(connection)
        [entry] = audit.latest(connection, audit.Wanted(uri=URI), 5)
    assert row is not None
    assert (row.producer, row.sent_by) == ("acme", "producer acme")
    assert row.hint_at <= now, "no hint is on its way: the clock plans it at its next tick"
    assert (entry["role"], entry["actor"], entry["origin"]) == ("producer", "acme", "127.0.0.1")


FRONT = "---\nuri: urn:newsml:acme.example:m\nlanguage: de\nheadline: Werk eröffnet\nissuer: {name: Acme}\n---\n\nText"
NINJS = {
    "uri": f"{ACME}n", "language": "de", "headlines": [{"role": "main", "value": "Werk eröffnet"}],
    "bodies": [{"contentType": "text/html", "value": "<p>Text</p>"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/markdown", FRONT, 202),
        ("text/markdown; charset=UTF-8", FRONT, 202),
        ("text/html", FRONT.replace("\n\nText", "\n<p>Text</p>"), 202),
        ("application/json", json.dumps(NINJS), 202),
        ("application/ld+json", json.dumps(NINJS), 202),
        ("application/json", FRONT, 415),
        ("text/markdown", json.dumps(NINJS), 415),
        ("text/plain", FRONT, 415),
        ("text/markdown; charset=latin-1", FRONT, 415),
        ("", FRONT, 415),
    ],
)
def test_the_content_type_says_what_a_release_is(door: Door, kind: str, body: str, status: int) -> None:
    answer = door.ask("POST", "/releases", content=body.encode(), headers={"content-type": kind} if kind else {})
    assert answer.status_code == status, answer.text


def test_each_field_that_is_wrong_is_named_by_its_pointer(door: Door) -> None:
    answer = door.send(language="xx-nonsense", urgency=12, issuer={"name": 5}, colour=1)
    assert answer.status_code == 422
    assert set(pointers(answer)) == {"/language", "/urgency", "/issuer/name", "/colour"}
    with ledger.read() as connection:
        [kept] = refusals.latest(connection, 5)
    assert kept["sent_by"] == "producer acme"
    for body in (b"{", b"[]", b"", b"[" * 100_000, b'{"uri": "\\ud800"}', b"\xff"):
        answer = door.ask("POST", "/releases", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 422, body[:20]
        assert pointers(answer)


def test_a_correction_a_conflict_and_a_consent(door: Door) -> None:
    assert door.send().status_code == 202
    assert pointers(door.send(headline="Another")) == ["/version"]
    assert door.send(version=2, headline="Another").status_code == 202
    assert pointers(door.send(version=9000)) == ["/version"]
    said = {"fanwire-consent": "jump"}
    assert door.ask("POST", "/releases", json=DOCUMENT | {"version": 9000}, headers=said).status_code == 202
    wrong = door.ask("POST", "/releases", json=DOCUMENT, headers={"fanwire-consent": "everything"})
    assert (wrong.status_code, "jump" in wrong.text) == (422, True)


def test_a_dry_run_says_what_would_become_of_it_and_changes_nothing(door: Door) -> None:
    with ledger.write() as connection:
        outlets.put(connection, [outlet("a")], 1.0)
    answer = door.send(path="/releases?dry_run=true")
    assert (answer.status_code, answer.json()["status"], answer.json()["goes_to"]["outlets"]) == (200, "dry_run", 1)
    assert door.send(path="/releases?dry_run=true", uri="urn:x:1", by="acme").status_code == 422
    assert door.send(path="/releases?dry_run=perhaps").status_code == 422
    with ledger.read() as connection:
        assert rows.find(connection, URI) is None


def test_a_day_has_a_limit_and_a_kill_none(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(ledger, "now", lambda _: now)  # all on one day
    door.add("small", per_day=1)
    assert door.send("small", uri="urn:x:1").status_code == 202
    answer = door.send("small", uri="urn:x:2", key="k")
    assert (answer.status_code, "has sent 1 release today" in answer.json()["detail"]) == (429, True)
    assert 0 < int(answer.headers["retry-after"]) <= 24 * 3600
    assert door.ask("POST", address("urn:x:1", "/kill"), "small").status_code == 202
    with ledger.read() as connection:
        assert connection.execute(select(door_requests)).all() == [], "it may be sent again tomorrow with its key"


# --- who it is


@pytest.mark.parametrize("said", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer fanwire_nonsense", "bearer é"])
def test_without_a_good_token_nobody_is_told_anything(door: Door, said: str | None) -> None:
    headers = {} if said is None else {"authorization": said.encode("latin-1")}
    for path in ("/releases", address(URI), "/releases?token=" + door.tokens["acme"]):
        answer = door.ask("GET", path, None, headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="fanwire"')
        assert answer.json()["detail"] == asking.WANTED


def test_a_revoked_token_is_as_one_that_never_was(door: Door) -> None:
    assert door.ask("GET", "/releases").status_code == 200
    with ledger.write() as connection:
        door_access.revoke(connection, "acme")
    assert door.ask("GET", "/releases").json()["detail"] == asking.WANTED


def test_a_token_that_is_revoked_while_its_release_is_read_takes_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch, reader: DocumentReader
) -> None:
    class Slow:
        def read(self, document: bytes) -> Any:
            with ledger.write() as connection:
                door_access.revoke(connection, "acme")
            return reader.read(document)

    monkeypatch.setattr(releases, "reader", Slow())
    assert door.send(key="k").status_code == 401
    with ledger.read() as connection:
        assert rows.find(connection, URI) is None


def test_a_header_that_stands_there_twice_is_refused(door: Door) -> None:
    token = f"Bearer {door.tokens['acme']}"
    for name, values in (("authorization", [token, token]), ("idempotency-key", ["a", "b"]),
                         ("content-type", ["application/json", "text/html"])):  # fmt: skip
        headers = [("authorization", token), *((name, value) for value in values)]
        headers = headers if name != "authorization" else headers[1:]
        answer = door._server.ask("POST", "/releases", content=b"{}", headers=headers)
        assert (answer.status_code, name in answer.json()["detail"]) == (400, True)


def test_wrong_tokens_slow_their_address_but_no_token_that_was_good_there(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "wrong_tokens", limits.WrongTokens(SteppedTime()))
    assert door.ask("GET", "/releases").status_code == 200
    wrong = {"authorization": "Bearer fanwire_wrong"}
    statuses = [door.ask("GET", "/releases", None, headers=wrong).status_code for _ in range(12)]
    assert (statuses[0], statuses[-1]) == (401, 429)
    assert door.ask("GET", "/releases").status_code == 200
    late = door.ask("GET", "/releases", "other")
    assert (late.status_code, int(late.headers["retry-after"]) >= 1) == (429, True)


def test_a_producer_that_asks_too_much_waits_and_no_other_does(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    door.add("quick", per_minute=3)
    now = 1_800_000_050.0
    monkeypatch.setattr(ledger, "now", lambda _connection: now)
    answers = [door.ask("GET", "/releases", "quick") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].headers["retry-after"] == "10"
    assert door.ask("GET", "/releases").status_code == 200
    now += 10
    assert door.ask("GET", "/releases", "quick").status_code == 200


def test_all_web_servers_together_take_no_more_of_a_producer_in_a_minute(sqlite_ledger: None, tmp_path: Path) -> None:
    def of_one_minute() -> list[int] | None:
        name, minute = f"acme-{next(numbers)}", time.time() // 60
        with ledger.write() as connection:
            token = door_access.add(connection, name, DoorProducer(per_minute=7))
        asked = [one.get("/releases", Authorization=f"Bearer {token}").status_code for one in servers * 6]
        return asked if time.time() // 60 == minute else None

    numbers = itertools.count()
    with web_server(tmp_path / "one") as one, web_server(tmp_path / "other") as other:
        servers = [one, other]
        statuses = until(of_one_minute)
    assert Counter(statuses or ()) == {200: 7, 429: 5}


def test_of_a_large_limit_some_permits_are_taken_at_once_and_none_is_lost(
    sqlite_ledger: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    permit = producer_rows.permit

    def noting(*arguments: Any) -> int:
        asked.append(permit(*arguments))
        return asked[-1]

    def served(per_minute: limits.PerMinute) -> bool:
        with suppress(limits.TooMany):
            per_minute.note("acme", 100, 600.0)
            return True
        return False

    monkeypatch.setattr(producer_rows, "permit", noting)
    one, other = limits.PerMinute(), limits.PerMinute()
    both = [served(one) for _ in range(60)] + [served(other) for _ in range(60)]
    assert (sum(both), asked) == (100, [5] * 20 + [0])


def noted(per_minute: limits.PerMinute, most: int, now: float) -> bool:
    """Whether a request at this moment is served."""
    with suppress(limits.TooMany):
        per_minute.note("acme", most, now)
        return True
    return False


def test_a_request_that_comes_late_does_not_begin_the_minute_anew(sqlite_ledger: None) -> None:
    """Of two web servers one has seen the new minute, and the other still has a request of the old one."""
    one, other = limits.PerMinute(), limits.PerMinute()
    served = [noted(one, 3, 600.0) for _ in range(3)]
    noted(other, 3, 599.9)
    served += [noted(limits.PerMinute(), 3, 600.0) for _ in range(3)]
    assert served == [True] * 3 + [False] * 3


def test_what_was_left_of_a_minute_says_nothing_of_the_next(
    sqlite_ledger: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request of the new minute is served while one of the old minute still hears that there are no more permits."""
    per_minute, permit, between = limits.PerMinute(), producer_rows.permit, list[bool]()

    def slowly(*arguments: Any) -> int:
        given = permit(*arguments)
        if arguments[2] == 9 and not given:
            monkeypatch.setattr(producer_rows, "permit", permit)
            late.append(lambda: between.append(noted(per_minute, 2, 600.0)))
        return given

    late: list[Any] = []
    write = ledger.write

    @contextmanager
    def then(*arguments: Any, **more: Any) -> Iterator[Any]:
        with write(*arguments, **more) as connection:
            yield connection
        while late:
            late.pop()()

    monkeypatch.setattr(producer_rows, "permit", slowly)
    monkeypatch.setattr(ledger, "write", then)
    assert [noted(per_minute, 2, 599.0) for _ in range(3)] == [True, True, False]
    assert (between, noted(per_minute, 2, 600.0)) == ([True], True)


def test_a_producer_takes_no_more_than_its_share_of_the_work(door: Door) -> None:
    with operation.working.one("acme"), operation.working.one("acme"), operation.working.one("acme"):
        assert door.send().status_code == 202
        with operation.working.one("acme"):
            busy = door.send()
            assert (busy.status_code, busy.headers["retry-after"]) == (429, "1")
            assert door.send("other", uri="urn:x:1").status_code == 202
    assert door.send().status_code == 202


def test_bodies_are_refused_before_they_are_read(door: Door) -> None:
    large = {"content-type": "application/json", "content-length": str(10**9)}
    assert door.ask("POST", "/releases", content=b"{}", headers=large).status_code == 413

    async def parts() -> Any:
        for _ in range(30):
            yield b" " * 100_000

    chunked = {"content-type": "application/json"}
    assert door.ask("POST", "/releases", content=parts(), headers=chunked).status_code == 413
    packed = chunked | {"content-encoding": "gzip"}
    assert door.ask("POST", "/releases", content=b"{}", headers=packed).status_code == 415


# --- what is another's


def test_a_producer_sends_only_what_it_may(door: Door) -> None:
    for by, fields in (("acme", {"uri": "urn:x:1"}), ("other", {}), ("other", {"uri": f"{ACME}2"})):
        answer = door.send(by, **fields)
        assert (answer.status_code, pointers(answer)) == (403, ["/uri"])
    door.add("third")
    door.send("third", uri="urn:x:1")
    answer = door.send("other", uri="urn:x:1", version=2)
    assert (answer.status_code, pointers(answer)) == (403, ["/uri"])


@pytest.mark.parametrize(
    ("method", "rest"),
    [("GET", ""), ("GET", "/report.html"), ("GET", "/report.csv"), ("POST", "/kill"), ("POST", "/replay"),
     ("POST", "/embargo")],
)  # fmt: skip
def test_what_is_anothers_is_as_what_is_not_there(door: Door, method: str, rest: str) -> None:
    door.send()
    body = {"json": {"lift": True}} if rest == "/embargo" else {}
    answers = [door.ask(method, address(uri, rest), "other", **body) for uri in (URI, "urn:x:nothing")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    with ledger.read() as connection:
        newest = rows.find(connection, URI)
    assert newest is not None
    assert newest.version == 1


def test_a_key_of_another_producer_is_another_key(door: Door) -> None:
    assert door.send(key="one").json()["uri"] == URI
    assert door.send("other", key="one", uri="urn:x:1").json()["uri"] == "urn:x:1"


# --- Idempotency-Key


def test_a_request_that_is_repeated_gets_the_same_answer(door: Door) -> None:
    first, second = door.send(key="k"), door.send(key="k")
    assert (first.content, first.status_code) == (second.content, second.status_code)
    assert second.headers["idempotency-replayed"] == "true"
    assert first.json()["status"] == "accepted"
    assert door.send(key="k", headline="Another").status_code == 422
    assert door.ask("POST", address(URI, "/kill"), headers={"idempotency-key": "k"}).status_code == 422
    refused, again = door.send(key="bad", urgency=12), door.send(key="bad", urgency=12)
    assert (refused.status_code, refused.content) == (again.status_code, again.content) == (422, again.content)
    assert again.headers["content-type"] == "application/problem+json"
    for key in ("", "é", "a b", "x" * 256):
        answer = door.ask("POST", "/releases", json=DOCUMENT, headers={"idempotency-key": key.encode("latin-1")})
        assert answer.status_code == 400, key


def test_of_requests_with_one_key_at_once_one_is_done(door: Door) -> None:
    def send() -> httpx.Response:
        answer: httpx.Response = door.send(key="k")
        return answer

    answers = run_together([send] * 4)
    done = [answer for answer in answers if answer.status_code == 202]
    assert done
    assert {answer.json()["status"] for answer in done} == {"accepted"}
    assert {answer.status_code for answer in answers} <= {202, 409}


def test_a_claim_that_was_abandoned_is_taken_over(door: Door) -> None:
    with ledger.write() as connection:
        connection.execute(door_requests.insert().values(producer="acme", key="k", digest="another", at=1e12))
    assert door.send(key="k").status_code == 422
    call = {"producer": "acme", "key": "l", "at": 1.0}
    with ledger.write() as connection:
        connection.execute(door_requests.insert().values(digest="long ago", **call))
    assert door.send(key="l").status_code == 202, "after a day a key may name another request"


# --- what becomes of it


def plan(uri: str = URI) -> int:
    with ledger.read() as connection:
        row = rows.find(connection, uri)
    assert row is not None
    planning.plan(row.id)
    return int(row.id)


def test_a_producer_sees_how_far_its_release_is(door: Door) -> None:
    with ledger.write() as connection:
        outlets.put(connection, [outlet("a"), outlet("b", languages=["de"])], 1.0)
    door.send()
    assert door.ask("GET", address(URI)).json()["planned"] is False
    plan()
    answer = door.ask("GET", f"/releases/{URI}")
    found = answer.json()
    assert (answer.status_code, found["planned"], set(found["languages"])) == (200, True, {"en", "de"})
    assert [(one["language"], one["kind"]) for one in found["held"] if one["kind"] == "translation"] == [
        ("de", "translation")
    ]
    assert not {"sent_by", "listed"} & set(found)
    kinds = {"html": "text/html; charset=utf-8", "json": "application/json", "csv": "text/csv; charset=utf-8"}
    for form, kind in kinds.items():
        report = door.ask("GET", found["reports"][form])
        assert (report.status_code, report.headers["content-type"]) == (200, kind)
    assert door.ask("GET", address(URI) + "?version=2").status_code == 404
    assert door.ask("GET", address(URI) + "?version=x").status_code == 422
    assert door.ask("HEAD", address(URI)).status_code == 200


ODD = [f"{ACME}a/b", f"{ACME}../../etc", f"{ACME}report.json", f"{ACME}ä%2F?x#y", f"{ACME}1/kill", f"{ACME}%00"]


@pytest.mark.parametrize("uri", ODD)
def test_a_uri_is_one_part_of_an_address_whatever_is_in_it(door: Door, uri: str) -> None:
    answer = door.send(uri=uri)
    assert answer.status_code == 202, answer.text
    assert door.ask("GET", address(uri)).json()["release"] == uri
    assert door.ask("GET", answer.headers["location"]).json()["release"] == uri
    [listed] = door.ask("GET", "/releases").json()["releases"]
    assert door.ask("GET", listed["link"]).json()["release"] == uri
    assert door.ask("POST", address(uri, "/kill"), json={"note": "Wrong"}).json()["kill"] is True


def test_releases_are_listed_in_pages_and_only_ones_own(door: Door) -> None:
    for number in range(5):
        door.send(uri=f"{ACME}{number}")
    door.send("other", uri="urn:x:1")
    seen, path = [], "/releases?limit=2"
    while path:
        page = door.ask("GET", path).json()
        seen += [one["release"] for one in page["releases"]]
        path = page["next"]
    assert seen == [f"{ACME}{number}" for number in (4, 3, 2, 1, 0)]
    assert door.ask("GET", "/releases?limit=0").status_code == 422
    assert door.ask("GET", "/releases?limit=101").status_code == 422


def test_a_kill_is_recorded_with_who_and_from_where(door: Door) -> None:
    door.send()
    assert pointers(door.ask("POST", address(URI, "/kill"), json={"note": "a\nb"})) == ["/note"]
    receipt = door.ask("POST", address(URI, "/kill"), json={"note": "Wrong company"}).json()
    assert (receipt["status"], receipt["version"], receipt["kill"]) == ("accepted", 2, True)
    assert door.ask("POST", address(URI, "/kill")).json()["status"] == "known"
    with ledger.read() as connection:
        entry = audit.latest(connection, audit.Wanted(act="release.kill"), 5)[0]
    assert (entry["role"], entry["actor"], entry["origin"]) == ("producer", "acme", "127.0.0.1")


def test_an_embargo_is_moved_and_lifted(door: Door) -> None:
    door.send(embargo_until="2126-12-01T07:00:00-05:00")
    path = address(URI, "/embargo")
    moved = door.ask("POST", path, json={"until": "2127-01-01T00:00:00Z"})
    assert (moved.status_code, moved.json()["embargo_until"]) == (200, "2127-01-01T00:00:00Z")
    assert "is past" in door.ask("POST", path, json={"until": "2020-01-01T00:00:00Z"}).json()["detail"]
    assert pointers(door.ask("POST", path, json={})) == ["/until"]
    assert pointers(door.ask("POST", path, json={"until": "2127-01-01T00:00:00"})) == ["/until"]
    assert door.ask("POST", path, json={"lift": True}).status_code == 200
    assert pointers(door.ask("POST", path, json={"lift": True})) == ["/embargo_until"]


def test_what_ended_without_success_is_sent_again_and_what_arrived_is_not(door: Door) -> None:
    with ledger.write() as connection:
        outlets.put(connection, [outlet("a"), outlet("b")], 1.0)
    door.send()
    plan()
    with ledger.write() as connection:
        for name, state in (("a", "exhausted"), ("b", "delivered")):
            row = deliveries.update().where(deliveries.c.outlet_id == name)
            connection.execute(row.values(state=state, ended_at=1.0, hold_kind=None))
    path = address(URI, "/replay")
    assert pointers(door.ask("POST", path, json={"states": ["delivered"]})) == ["/states/0"]
    assert door.ask("POST", path, json={"outlet": "b"}).json()["deliveries"] == 0
    assert door.ask("POST", path).json()["deliveries"] == 1


def test_a_file_is_put_into_the_store_by_what_it_is(door: Door) -> None:
    png = bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf50"
        "0f0003860180344a2a3f0000000049454e44ae426082"
    )
    answer = door.ask("POST", "/media?name=hall.png", content=b"Some figures, with words.\n" * 5)
    assert answer.status_code == 201, answer.text
    assert answer.json()["content_type"] == "text/plain"
    assert pointers(door.ask("POST", "/media", content=b"<svg xmlns='http://www.w3.org/2000/svg'/>")) == [""]
    assert door.ask("POST", "/media?name=../x.png", content=png).status_code == 422
    assert door.ask("POST", "/media", content=b"", headers={"content-length": str(10**12)}).status_code == 413
    with ledger.read() as connection:
        [entry] = audit.latest(connection, audit.Wanted(act="media"), 5)
    assert (entry["actor"], entry["subject"]) == ("acme", answer.json()["media"])


def test_a_ledger_that_does_not_answer_takes_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("FANWIRE_LEDGER_URL", f"sqlite:///{tmp_path}/without-tables.sqlite")
    forget()
    answer = door.send()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_while_nobody_knows_the_producers_nothing_is_taken(
    door: Door, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("FANWIRE_PRODUCERS", str(tmp_path / "none.yaml"))
    settings.cache_clear()
    answer = door.send()
    assert (answer.status_code, "none.yaml" in answer.text) == (503, False)


def test_other_methods_are_refused_by_name(door: Door) -> None:
    answer = door.ask("DELETE", address(URI))
    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
