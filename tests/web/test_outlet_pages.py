"""The pages of outlets: finding them, how they are, what can be done with them and by whom, editing and adding."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest

from tasks import ledger
from tasks.ledger import audit, outlets
from tasks.model.ranks import Rank
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, take
from tests.support.samples import outlet
from tests.support.visitor import Visitor, visitor
from workers.web.application import application
from workers.web.pages import outlet_edit
from workers.web.pages.outlets import shown_host
from workers.web.surroundings import Surroundings

pytestmark = pytest.mark.usefixtures("sqlite_ledger", "nothing_counted")
APP = Surroundings(application())
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def operator(sqlite_ledger: None) -> Visitor:
    return visitor(APP, Rank.OPERATOR)


def row(id: str = "porto-daily") -> Any:
    with ledger.read() as connection:
        return outlets.get(connection, id)


def acts() -> list[tuple[str, str]]:
    with ledger.read() as connection:
        return [(one["act"], one["actor"]) for one in audit.latest(connection, audit.Wanted(), 20)]


def message(somebody: Visitor, address: str) -> str:
    """What the page that a POST leads to says of it."""
    found = re.search(r'<p class="message[^>]*>(.*?)</p>', somebody.get(address).text, re.DOTALL)
    assert found
    return unescape(re.sub(r"<[^>]+>", "", found[1]))


SOME = (
    outlet(
        "ardea", name="Árdea", languages=["pt-BR"], country="BR", circuits=["tech"], url="ftps://u@files.x.example/"
    ),
    outlet("bote", name="Berliner Bote", languages=["de", "en"], country="DE", circuits=["tech", "dach"]),
    outlet("cork", name=EVIL, languages=["en"], country="IE", url="https://eu.hub.example/in"),
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "ardea bote cork"), ("text=BERLIN", "bote"), ("text=hub.example", "cork"), ("text=%C3%A1rd", "ardea"),
        ("text=%25", ""), ("country=de", "bote"), ("language=pt", "ardea"), ("language=pt-BR", "ardea"),
        ("language=pt-PT", ""), ("language=en&circuit=dach", "bote"), ("transport=ftps", "ardea"),
        ("state=paused", "bote"), ("state=active&circuit=tech", "ardea"), ("after=ardea", "bote cork"),
        ("state=resting", ""), ("country=nowhere", "ardea bote cork"), ("text=%00&after=%F0%9F%98%80", ""),
    ],
)  # fmt: skip
def test_outlets_are_found_by_each_filter(operator: Visitor, query: str, found: str) -> None:
    receivers(*SOME)
    with ledger.write() as connection:
        outlets.set_status(connection, ["bote"], "paused", "a pause", NOW)
    page = operator.get(f"/ops/outlets?{query}")
    assert page.status_code == 200
    assert re.findall(r'<a href="/ops/outlets/([a-z]+)">', page.text) == found.split()
    assert EVIL not in page.text
    assert ('id="country-problem"' in page.text) == ("nowhere" in query)


def test_every_outlet_stands_on_one_page_of_the_list(operator: Visitor) -> None:
    receivers(*(outlet(f"o-{number:03d}") for number in range(120)))
    seen, address = [], "/ops/outlets"
    for _ in range(3):
        page = operator.get(address).text
        seen += re.findall(r'<a href="/ops/outlets/(o-\d+)">', page)
        found = re.search(r'href="([^"]+)" rel="next"', page)
        address = unescape(found[1]) if found else ""
    assert (address, len(seen), len(set(seen))) == ("", 120, 120)


def test_an_outlet_shows_what_became_of_its_deliveries_and_no_secret(operator: Visitor) -> None:
    secret = outlet(
        "porto-daily", url="https://user:geheim@daily.example/in?token=geheim", headers={"X-Extra": "geheim"},
        auth={"type": "bearer", "secret": "env:FANWIRE_SECRET_PORTO"},
    )  # fmt: skip
    receivers(secret)
    render(take())
    [one] = claim()
    finish(result(one))
    page = operator.get("/ops/outlets/porto-daily").text
    assert "geheim" not in page
    assert all(said in page for said in ("env:FANWIRE_SECRET_PORTO", "1 delivered", "X-Extra: &#39;***&#39;"))
    edit = operator.get("/ops/outlets/porto-daily/edit").text
    assert "geheim" not in edit


def test_what_an_outlet_answers_does_no_harm(operator: Visitor) -> None:
    receivers(outlet(name=EVIL))
    render(take())
    [one] = claim()
    finish(result(one))
    with ledger.write() as connection:
        text = f"403: </div>{EVIL}\u202e"
        connection.exec_driver_sql("UPDATE attempts SET verdict = 'rejected', detail = ?", (text,))
    page = operator.get("/ops/outlets/porto-daily").text
    assert EVIL not in page
    assert "\u202e" not in page
    assert EVIL in unescape(page)


@pytest.mark.parametrize("act", ["pause", "disable", "resume", "missed", "remove", "test", "verify", "edit"])
@pytest.mark.parametrize("rank", [Rank.READER, Rank.EDITOR])
def test_only_an_operator_changes_an_outlet(rank: Rank, act: str) -> None:
    receivers(outlet())
    somebody = visitor(APP, rank)
    assert "What can be done" not in somebody.get("/ops/outlets/porto-daily").text
    answer = somebody.post(f"/ops/outlets/porto-daily/{act}", {"reason": "x", "do": "save", "form": "fields"})
    assert answer.status_code == 403
    assert (row().status, acts()) == ("active", [])


def test_pause_resume_disable_and_removal_are_done_and_recorded(operator: Visitor) -> None:
    receivers(outlet())
    home = operator.get("/ops/outlets/porto-daily")
    assert "What can be done" in home.text
    answer = operator.post("/ops/outlets/porto-daily/pause", {"reason": f"until {EVIL}"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/ops/outlets/porto-daily")
    assert "is paused" in message(operator, "/ops/outlets/porto-daily")
    assert (row().status, row().status_reason) == ("paused", f"until {EVIL}")
    operator.post("/ops/outlets/porto-daily/resume")
    assert row().status == "active"
    operator.post("/ops/outlets/porto-daily/disable")
    assert row().status_reason == "disabled by operations"
    operator.post("/ops/outlets/porto-daily/missed")
    assert row().status == "active"
    assert "Keep it" in operator.get("/ops/outlets/porto-daily/remove").text
    operator.post("/ops/outlets/porto-daily/remove")
    assert row().status == "removed"
    operator.post("/ops/outlets/porto-daily/pause")
    assert "was removed" in message(operator, "/ops/outlets/porto-daily")
    known = ["outlet.remove", "delivery.replay", "outlet.resume", "outlet.disable", "outlet.resume", "outlet.pause"]
    assert acts() == [(act, "operator") for act in known]


def test_a_form_without_the_token_changes_nothing(operator: Visitor) -> None:
    receivers(outlet())
    operator.token = "made-up"
    assert operator.post("/ops/outlets/porto-daily/pause").status_code == 403
    assert row().status == "active"


@pytest.mark.parametrize("path", ["/ops/outlets/%2e%2e", "/ops/outlets/a%2Fb", "/ops/outlets/%25", "/ops/outlets/-"])
def test_an_id_that_is_none_is_not_found(operator: Visitor, path: str) -> None:
    assert operator.get(path).status_code in (303, 404)
    assert operator.get("/ops/outlets/none/edit").status_code == 409
    assert operator.post("/ops/outlets/none/explode").status_code == 404


# --- editing


def fields(**changed: str) -> dict[str, str]:
    """The form of the usual fields as the page of the outlet has it, with some of them changed."""
    document = json.loads(row().document)
    return outlet_edit.fields_of(document) | {"form": "fields"} | {k.replace("__", "."): v for k, v in changed.items()}


def test_an_edit_is_shown_before_it_is_written(operator: Visitor) -> None:
    receivers(outlet(limits={"in_flight": 3}))
    operator.get("/ops/outlets/porto-daily/edit")
    form = fields(languages="en pt-BR", limits__in_flight="", url="https://daily.example/in")
    look = operator.post("/ops/outlets/porto-daily/edit", form | {"do": "look"})
    assert look.status_code == 200
    assert "What would change" in look.text
    assert json.loads(row().document)["languages"] == ["en"]
    answer = operator.post("/ops/outlets/porto-daily/edit", form | {"do": "save"})
    assert answer.status_code == 303
    saved = json.loads(row().document)
    assert (saved["languages"], "limits" in saved, saved["url"]) == (["en", "pt-BR"], False, "https://daily.example/in")
    assert acts() == [("outlet.change", "operator")]


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(operator: Visitor) -> None:
    receivers(outlet(url="https://daily.example/in"))
    operator.get("/ops/outlets/porto-daily/edit")
    answer = operator.post("/ops/outlets/porto-daily/edit", fields(country="Portugalia", name="New") | {"do": "save"})
    assert answer.status_code == 422
    assert 'aria-describedby="p-country"' in answer.text
    assert 'value="New"' in answer.text
    assert acts() == []


def test_credentials_go_to_another_address_only_if_somebody_says_so(operator: Visitor) -> None:
    receivers(outlet(url="https://daily.example/in", auth={"type": "bearer", "secret": "env:FANWIRE_SECRET_PORTO"}))
    operator.get("/ops/outlets/porto-daily/edit")
    form = fields(url="https://other.example/in") | {"do": "save"}
    answer = operator.post("/ops/outlets/porto-daily/edit", form)
    assert answer.status_code == 422
    assert "tick the box" in answer.text
    assert operator.post("/ops/outlets/porto-daily/edit", form | {"confirm": "yes"}).status_code == 303
    assert json.loads(row().document)["url"] == "https://other.example/in"


def test_the_whole_document_is_edited_and_what_is_struck_out_stays(operator: Visitor) -> None:
    receivers(outlet(url="https://daily.example/in?a=1", headers={"X-Desk": "north"}))
    page = operator.get("/ops/outlets/porto-daily/edit").text
    found = re.search(r'<textarea id="document"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert found
    text = unescape(found[1])
    assert "north" not in text
    more = {"form": "document", "do": "save"}
    answer = operator.post(
        "/ops/outlets/porto-daily/edit", more | {"document": text.replace("country: PT", "country: ES")}
    )
    assert answer.status_code == 303
    saved = json.loads(row().document)
    assert (saved["country"], saved["url"], saved["headers"]) == (
        "ES",
        "https://daily.example/in?a=1",
        {"X-Desk": "north"},
    )
    for wrong in ("id: other\nname: x", "- a", "a: [", "&a [*a]", text.replace("porto-daily", "other")):
        answer = operator.post("/ops/outlets/porto-daily/edit", more | {"document": wrong})
        assert answer.status_code == 422, wrong
    assert row("other") is None


# --- adding

GOOD = "- {id: new-one, name: New, country: PT, languages: [pt], url: 'https://new.example/in'}\n"


def test_outlets_are_added_after_a_dry_run(operator: Visitor) -> None:
    operator.get("/ops/outlets/-/add")
    look = operator.post("/ops/outlets/-/add", {"text": GOOD, "form": "yaml", "do": "look"})
    assert (look.status_code, row("new-one")) == (200, None)
    assert "1 new, 0 changed" in look.text
    assert unescape(look.text).count(GOOD.strip()) == 1, "what was typed is there for the import"
    assert operator.post("/ops/outlets/-/add", {"text": GOOD, "form": "yaml", "do": "import"}).status_code == 303
    assert row("new-one").status == "active"
    assert acts() == [("outlet.add", "operator")]


def test_a_file_with_a_bad_row_is_refused_unless_the_others_are_to_be_taken(operator: Visitor) -> None:
    operator.get("/ops/outlets/-/add")
    table = b"id,name,country,languages,url\nnew-one,New,PT,pt,https://new.example/in\nbad,Bad,XX,pt,https://new.example/in\n"
    form = {"form": "csv", "do": "import", "text": ""}
    files = {"file": ("outlets.csv", table)}
    answer = operator.post("/ops/outlets/-/add", form, files=files)
    assert (answer.status_code, row("new-one")) == (422, None)
    assert all(said in answer.text for said in ("Nothing was imported", "line 3", "country"))
    operator.post("/ops/outlets/-/add", form | {"skip_bad": "yes"}, files=files)
    assert row("new-one") is not None


def test_a_feed_has_its_address_shown_once(operator: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    receivers(outlet(url="pull:", format="atom"))
    operator.get("/ops/outlets/porto-daily")
    made = operator.post("/ops/outlets/porto-daily/address")
    [address] = re.findall(r"/feeds/outlets/porto-daily/([^<\"]+\.atom)", made.text)
    assert made.headers["cache-control"] == "no-store"
    page = operator.get("/ops/outlets/porto-daily").text
    assert "Number 1, made" in page
    assert address not in page + operator.get("/ops/audit").text
    operator.post("/ops/outlets/porto-daily/addresses/end", {"number": "1"})
    assert "nobody can fetch it" in operator.get("/ops/outlets/porto-daily").text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://desk.example/in", "desk.example"), ("https://desk.example:8443/in", "desk.example:8443"),
        ("http://desk.example:443/", "desk.example:443"), ("wordpress+https://blog.example/", "blog.example"),
        ("ftp://u@files.example/in", "files.example"), ("mailto:desk@bote.example", "mail relay"),
    ],
)  # fmt: skip
def test_a_host_is_shown_with_an_unusual_port_only(url: str, shown: str) -> None:
    assert shown_host(url) == shown
