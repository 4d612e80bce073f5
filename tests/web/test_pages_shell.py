"""What all pages share: who gets in, who may do what, forged requests, sessions and their end."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks import ledger
from tasks.ledger import audit
from tasks.model.ranks import Rank
from tasks.runtime import passwords
from tasks.runtime.settings import settings
from tests.support.stepped_time import SteppedTime
from tests.support.visitor import CHEAP, PASSWORD, Visitor, know_user, visitor
from workers import users
from workers.web import pages
from workers.web.application import application
from workers.web.pages import assets, login, sessions, shell
from workers.web.surroundings import Surroundings
from workers.wrong_passwords import FREE, WrongPasswords

pytestmark = pytest.mark.usefixtures("sqlite_ledger", "_fresh")
APP = Surroundings(application())


@pytest.fixture
def _fresh(monkeypatch: pytest.MonkeyPatch, nothing_counted: None) -> None:
    """Nobody has guessed at a password, and nothing was counted yet."""
    monkeypatch.setattr(login, "_by_address", WrongPasswords())
    monkeypatch.setattr(login, "_by_name", WrongPasswords())
    monkeypatch.setattr(login, "_nobodys_hash", lambda: CHEAP)


def test_without_a_session_every_page_leads_to_the_login_and_back() -> None:
    somebody = Visitor(APP)
    answer = somebody.get("/ops/releases?state=held&text=a%20b")
    assert answer.status_code == 303
    login_page = answer.headers["location"]
    assert login_page == "/ops/login?next=/ops/releases%3Fstate%3Dheld%26text%3Da%2520b"
    know_user("jane", Rank.READER)
    form = somebody.get(login_page)
    assert 'name="next" value="/ops/releases?state=held&amp;text=a%20b"' in form.text
    target = "/ops/releases?state=held&text=a%20b"
    answer = somebody.post("/ops/login", {"name": "jane", "password": PASSWORD, "next": target})
    assert (answer.status_code, answer.headers["location"]) == (303, target)
    assert somebody.get(target).status_code == 200


@pytest.mark.parametrize("address", ["/", "/ops", "/ops/"])
def test_what_people_type_leads_to_the_pages(address: str) -> None:
    """`fanwire up` prints the last of them."""
    answer = Visitor(APP).get(address)
    assert (answer.status_code, answer.headers.get("location")) == (303, "/ops/releases")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example/", "/\\evil.example", "/ops//evil.example", "/ops/\nx", "/outside",
        "/ops\\evil", "javascript:alert(1)", "/ops/../feeds", "", None,
    ],
)  # fmt: skip
def test_the_login_leads_to_no_other_site(target: str | None) -> None:
    assert shell.own_address(target) == shell.HOME


def test_a_wrong_name_is_told_from_a_wrong_password_by_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    know_user("jane", Rank.OPERATOR)
    looked: list[str] = []
    fits = passwords.fits

    def noting(password: str, text: str) -> bool:
        looked.append(text)
        return fits(password, text)

    monkeypatch.setattr(passwords, "fits", noting)
    wrong_password = Visitor(APP).sign_in("jane", "wrong")
    wrong_name = Visitor(APP).sign_in("nobody", "wrong")
    assert wrong_password.status_code == wrong_name.status_code == 401
    assert len(looked) == 2, "one hash is computed for each, whether there is such a user or not"

    def shown(text: str) -> str:
        return text.partition("</section>")[0].partition('<section class="card login">')[2].partition("<form")[0]

    assert shown(wrong_password.text) == shown(wrong_name.text)
    assert login.WRONG in wrong_name.text


def test_who_guesses_waits_and_the_right_password_is_not_looked_at_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    time_source = SteppedTime()
    monkeypatch.setattr(login, "_by_address", WrongPasswords(time_source))
    know_user("jane", Rank.OPERATOR)
    somebody = Visitor(APP)
    for number in range(FREE):
        assert somebody.sign_in(f"name-{number}", "wrong").status_code == 401
    answer = somebody.sign_in("jane")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    time_source.sleep(61)
    assert somebody.sign_in("jane").status_code == 303


def test_a_session_begins_anew_with_the_login() -> None:
    know_user("jane", Rank.READER)
    somebody = Visitor(APP)
    somebody.get("/ops/login")
    before, token = dict(somebody.cookies), somebody.token
    somebody.sign_in("jane")
    assert somebody.cookies["fanwire-session"] != before["fanwire-session"]
    assert somebody.token != token
    thief = Visitor(APP)
    thief.cookies = before
    assert thief.get("/ops/releases").status_code == 303, "what stood in the browser before is worth nothing"


def test_while_the_file_of_users_is_wrong_those_of_before_count() -> None:
    jane = visitor(APP, Rank.READER, "jane")
    with users.users_file().open("a") as file:
        file.write("joe operator a-plain-password\n")
    assert jane.get("/ops/releases").status_code == 200
    assert Visitor(APP).sign_in("joe", "a-plain-password").status_code == 401


def test_a_session_ends_with_the_password_and_with_the_user() -> None:
    jane = visitor(APP, Rank.OPERATOR, "jane")
    with ledger.write() as connection:
        users.set_rank(connection, "jane", Rank.READER)
    assert jane.get("/ops/releases").status_code == 200
    with ledger.write() as connection:
        users.set_password(connection, "jane", users.new_hash("another-password"))
    assert jane.get("/ops/releases").status_code == 303
    joe = visitor(APP, Rank.READER, "joe")
    with ledger.write() as connection:
        users.remove(connection, "joe")
    assert joe.get("/ops/releases").status_code == 303


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SteppedTime:
    """The time by which sessions are judged."""
    clock = SteppedTime()
    monkeypatch.setattr(shell, "time", clock)
    monkeypatch.setattr(login, "time", clock)
    return clock


def test_a_session_ends_when_it_was_idle(clock: SteppedTime) -> None:
    jane = visitor(APP, Rank.READER, "jane")
    for _ in range(3):
        clock.sleep(sessions.IDLE_SECONDS - 10)
        assert jane.get("/ops/releases").status_code == 200
    clock.sleep(sessions.IDLE_SECONDS - 10)
    assert jane.get("/ops/releases", x_live="1").status_code == 200, "the script of an open page asks"
    clock.sleep(20)
    assert jane.get("/ops/releases").status_code == 303, "which is not the work of a person"


def test_a_session_ends_when_it_is_old_though_never_idle(clock: SteppedTime) -> None:
    jane = visitor(APP, Rank.READER, "jane")
    for _ in range(int(sessions.LONGEST_SECONDS / 3600)):
        assert jane.get("/ops/releases").status_code == 200
        clock.sleep(3600)
    clock.sleep(1)
    assert jane.get("/ops/releases").status_code == 303


def test_signing_out_ends_the_session_and_what_the_browser_kept() -> None:
    jane = visitor(APP, Rank.READER, "jane")
    kept = dict(jane.cookies)
    page = jane.get("/ops/releases")
    assert page.headers["cache-control"] == "no-store"
    answer = jane.post("/ops/logout")
    assert (answer.headers["location"], answer.headers["clear-site-data"]) == ("/ops/login", '"cache"')
    jane.cookies = kept
    assert jane.get("/ops/releases").status_code == 303, "whoever copied the cookie is out too"


def test_a_changed_cookie_is_none() -> None:
    jane = visitor(APP, Rank.READER, "jane")
    value = jane.cookies["fanwire-session"]
    signature = value.rpartition(".")[2]
    other = ("A" if signature[0] != "A" else "B") + signature[1:]  # its last character has bits that nobody reads
    for changed in (value.replace(signature, other), "x" + value, value.replace(".", "", 1), "", "."):
        jane.cookies["fanwire-session"] = changed
        assert jane.get("/ops/releases").status_code == 303


def _pages_for(rank: Rank) -> Starlette:
    @shell.needs(rank)
    def act(request: Request) -> Response:
        who = audit.actor()
        return shell.see(request, "/ops/releases", f"{who}: <b>{shell.said(request, 'what')}</b>")

    @shell.needs(rank)
    def refuse(request: Request) -> Response:
        raise HTTPException(422, "<script>alert(1)</script>")

    @shell.needs(rank)
    def break_off(request: Request) -> Response:
        raise RuntimeError("secret words")

    routes = [Route("/ops/act", act, methods=["GET", "POST"]), Route("/ops/refuse", refuse), Route("/ops/b", break_off)]
    return Starlette(routes=[*routes, *pages.routes()])


@pytest.mark.parametrize("needed", Rank)
@pytest.mark.parametrize("has", Rank)
def test_who_may_do_what(has: Rank, needed: Rank) -> None:
    somebody = visitor(_pages_for(needed), has)
    answer = somebody.post("/ops/act", {"what": "it"})
    if list(Rank).index(has) >= list(Rank).index(needed):
        assert answer.status_code == 303
        assert f"operator {has.value}: &lt;b&gt;it&lt;/b&gt;" in somebody.get("/ops/releases").text
        assert "&lt;b&gt;" not in somebody.get("/ops/releases").text, "a message is shown once"
    else:
        assert answer.status_code == 403
        assert f"this needs the rank {needed}" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"}, {"origin": "null"},
        {"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "same-site"},
    ],
)  # fmt: skip
def test_a_form_of_another_site_does_nothing(headers: dict[str, str]) -> None:
    somebody = visitor(_pages_for(Rank.READER), Rank.OPERATOR)
    assert somebody.post("/ops/act", {}, **headers).status_code == 403
    assert somebody.post("/ops/act", origin="http://wire.example", sec_fetch_site="same-origin").status_code == 303


def test_a_form_without_the_token_of_the_session_does_nothing() -> None:
    app = _pages_for(Rank.READER)
    jane, joe = visitor(app, Rank.OPERATOR, "jane"), visitor(app, Rank.OPERATOR, "joe")
    for token in ("", "x", joe.token):
        assert jane.post("/ops/act", {"csrf": token}).status_code == 403
    nobody = Visitor(app)
    assert nobody.post("/ops/login", {"name": "jane", "password": PASSWORD}).status_code == 403


def test_an_error_is_a_page_and_nothing_in_it_is_markup() -> None:
    somebody = visitor(_pages_for(Rank.READER), Rank.READER)
    answer = somebody.get("/ops/refuse")
    assert answer.status_code == 422
    assert "&lt;script&gt;" in answer.text
    assert "<script>" not in answer.text
    assert somebody.get("/ops/nothing-here").status_code == 404
    broken = somebody.get("/ops/b")
    assert broken.status_code == 500
    assert "secret words" not in broken.text
    assert somebody.get("/ops/refuse", x_live="1").text == "<script>alert(1)</script>"
    assert somebody.get("/ops/refuse", x_live="1").headers["content-type"].startswith("text/plain")


def test_pages_are_framed_by_nobody_and_run_nothing_inline() -> None:
    page = visitor(APP, Rank.READER).get("/ops/releases")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert " style=" not in page.text
    assert " onclick=" not in page.text


def test_with_tls_cookies_are_for_this_host_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_WEB_URL", "https://wire.example")
    settings.cache_clear()
    lines = Visitor(APP).get("/ops/login").headers.get_list("set-cookie")
    assert len(lines) == 1
    assert lines[0].startswith("__Host-fanwire-session=")
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in lines[0].split(";")}


def test_assets_may_be_kept_for_a_year_at_addresses_of_their_content() -> None:
    page = Visitor(APP).get("/ops/login").text
    for name in ("page.css", "page.js", "icon.svg"):
        assert assets.address(name) in page
        found = Visitor(APP).get(assets.address(name))
        assert "immutable" in found.headers["cache-control"]
        assert Visitor(APP).get(f"/ops/static/0000000000000000/{name}").status_code == 404


def test_light_or_dark_is_kept() -> None:
    jane = visitor(APP, Rank.READER)
    assert 'data-appearance="auto"' in jane.get("/ops/releases").text
    answer = jane.post("/ops/appearance", {"appearance": "dark", "next": "/ops/releases?text=x"})
    assert answer.headers["location"] == "/ops/releases?text=x"
    assert 'data-appearance="dark"' in jane.get("/ops/releases").text
    assert jane.post("/ops/appearance", {"appearance": "pink"}).status_code == 422
