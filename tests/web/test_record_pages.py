"""The pages of what is kept for people to read: refused items, notices, audit entries."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from tasks import ledger
from tasks.ledger import audit, notices, refusals
from tasks.model.acts import Actor, Role
from tasks.model.ranks import Rank
from tasks.operations import outlet_acts
from tests.support.delivery_steps import NOW, receivers
from tests.support.samples import outlet
from tests.support.visitor import Visitor, visitor
from workers.web.application import application
from workers.web.surroundings import Surroundings

pytestmark = pytest.mark.usefixtures("sqlite_ledger", "nothing_counted")
APP = Surroundings(application())
EVIL = "</pre></td><script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture
def reader(sqlite_ledger: None) -> Visitor:
    return visitor(APP, Rank.READER)


def test_what_was_refused_is_listed_and_shown_as_text_whatever_it_is(reader: Visitor) -> None:
    with ledger.write() as connection:
        refusals.keep(connection, json.dumps({"uri": "urn:x:claimed", "headline": EVIL}).encode(), EVIL, NOW)
        refusals.keep(connection, b"\xff\x00\xe2\x80\xae" * 30_000, "no document", NOW, "urn:x:known", "acme")
    page = reader.get("/ops/refusals")
    assert all(said in page.text for said in ("urn:x:claimed", "as it claims", "urn:x:known", "acme", "no document"))
    one = reader.get("/ops/refusals/1")
    assert EVIL not in page.text + one.text
    assert EVIL in unescape(one.text)
    cut = reader.get("/ops/refusals/2").text
    assert "The first 65,536 bytes" in cut
    assert "\u202e" not in cut
    assert [reader.get(f"/ops/refusals/{n}").status_code for n in (3, 0, 2**70)] == [404, 404, 404]


def test_a_notice_is_open_until_its_outlet_has_taken_something(reader: Visitor) -> None:
    receivers(outlet("porto-daily"))
    with ledger.write() as connection:
        notices.add(connection, "refusing", "porto-daily", EVIL, NOW)
        notices.add(connection, "failing", "host.example:443", "2 days", NOW)
    page = reader.get("/ops/notices").text
    assert page.count("state-open") == 2
    assert EVIL not in page
    assert 'href="/ops/outlets/porto-daily"' in page
    assert reader.get("/ops/notices/fragment").text.count("<tr>") == 3


def test_lists_go_on_where_they_ended_and_every_entry_stands_on_one_page(reader: Visitor) -> None:
    with ledger.write() as connection:
        for number in range(120):
            notices.add(connection, "failing", f"host-{number}.example", "2 days", NOW)
    seen: list[str] = []
    address = "/ops/notices"
    for _ in range(3):
        page = reader.get(address).text
        seen += re.findall(r'"/ops/outlets\?text=(host-[^"]+)"', page)
        found = re.search(r'href="([^"]+)" rel="next"', page)
        address = found[1] if found else ""
    assert address == ""
    assert len(seen) == len(set(seen)) == 120


@pytest.fixture
def history(sqlite_ledger: None) -> None:
    receivers(outlet("porto-daily"), outlet("other"))
    with ledger.write() as connection, audit.acting_as(Actor(Role.OPERATOR, "jane", "192.0.2.7")):
        outlet_acts.pause(connection, "porto-daily", EVIL)
        outlet_acts.remove(connection, "other")


@pytest.mark.parametrize(
    ("query", "acts"),
    [
        ("", {"outlet.pause", "outlet.remove"}),
        ("outlet=porto-daily", {"outlet.pause"}),
        ("act=outlet.remove", {"outlet.remove"}),
        ("act=outlet&actor=JAN", {"outlet.pause", "outlet.remove"}),
        ("actor=nobody", set()),
        ("uri=urn%3Ax", set()),
        ("since=2199-01-01T00%3A00Z", set()),
        ("since=then&act=%00&before=-1", {"outlet.pause", "outlet.remove"}),
    ],
)
def test_audit_entries_are_found_by_each_filter(reader: Visitor, history: None, query: str, acts: set[str]) -> None:
    page = reader.get(f"/ops/audit?{query}")
    assert page.status_code == 200
    assert {act for act in ("outlet.pause", "outlet.remove") if f"<code>{act}</code>" in page.text} == acts
    assert ("must be a moment" in page.text) == ("since=then" in query)


def test_an_audit_entry_shows_what_stood_before_and_after(reader: Visitor, history: None) -> None:
    page = reader.get("/ops/audit?act=outlet.pause").text
    assert EVIL not in page
    assert EVIL in unescape(page)
    assert "operator from 192.0.2.7" in page
    assert page.index('class="old">active') < page.index('class="new">paused')
