"""Outlets are verified before anything goes out to them: by a challenge, by a marked test, or by somebody's word."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tasks import ledger, planning
from tasks.delivery import transports
from tasks.delivery.signing import sign
from tasks.ledger import counts, outlets
from tasks.model.outlet import Outlet
from tasks.runtime import secrets
from tasks.runtime.settings import settings
from tests.cli.conftest import Run, home, run, take  # noqa: F401, fixtures
from tests.delivery.conftest import Call, Request, Serve, serve  # noqa: F401, fixtures
from tests.support.mail_server import Mail, MailServer, mail_server
from tests.support.samples import outlet, release
from tests.support.web_server import InProcess
from workers import marked_test
from workers.verification import verify
from workers.web.application import application

pytestmark = pytest.mark.usefixtures("home")
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef").decode()
SIGNED = {"type": "bearer", "secret": "env:FANWIRE_SECRET_A", "signing_secret": "env:FANWIRE_SECRET_S"}


@pytest.fixture(autouse=True)
def _wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    configure(monkeypatch, ALLOWED_NETWORKS="127.0.0.0/8", SECRET_A="geheim-geheim", SECRET_S=SECRET)
    secrets.forget()
    yield
    secrets.forget()


def configure(monkeypatch: pytest.MonkeyPatch, **names: str) -> None:
    for name, value in names.items():
        monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()
    transports.forget()  # they know where the relay is


Say = Callable[[dict[str, Any], Request], bytes | None]


def saying(say: Say, status: str = "200 OK") -> Any:
    """The manner of an outlet that answers to a challenge what `say` makes of it."""

    def manner(call: Call) -> None:
        while request := call.read():
            body = say(json.loads(request.body), request) or b""
            call.send(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    return manner


def echo(asked: dict[str, Any], _: Request) -> bytes:
    return json.dumps({"challenge": asked["challenge"]}).encode()


def echo_if_it_is_the_wire(asked: dict[str, Any], request: Request) -> bytes | None:
    """As a careful outlet does: it looks at signature, type and header first."""
    of = request.headers
    wanted = sign([SECRET], of["webhook-id"], int(of["webhook-timestamp"]), request.body)
    good = of["webhook-signature"] == wanted and of["Fanwire-Action"] == "verify" and asked["type"] == "fanwire.verify"
    return echo(asked, request) if good and asked["outlet"] == "a" else None


@pytest.mark.parametrize(
    ("say", "status", "good", "detail"),
    [
        (echo_if_it_is_the_wire, "200 OK", True, "it has sent back the challenge"),
        (echo, "201 Created", True, "it has sent back the challenge"),
        (echo, "401 Unauthorized", False, "http_401: 401 Unauthorized"),
        (lambda *_: None, "200 OK", False, "200 OK, but its answer is not the JSON"),
        (lambda *_: b'{"challenge": "another"}', "200 OK", False, "200 OK, but its answer is not the JSON"),
        (lambda *_: b'{"challenge": ["x"]}', "200 OK", False, "200 OK, but its answer is not the JSON"),
        (lambda asked, _: asked["challenge"].encode(), "200 OK", False, "200 OK, but its answer is not the JSON"),
    ],
)
def test_a_challenge_must_be_sent_back(serve: Serve, say: Say, status: str, good: bool, detail: str) -> None:  # noqa: F811
    found = verify(outlet("a", url=serve(saying(say, status)).url(), auth=SIGNED))
    assert found.good is good
    assert found.detail.startswith(detail)


@pytest.mark.parametrize("url", ["mailto:desk@bote.example", "pull:"])  # no FANWIRE_WEB_URL, so no link
def test_where_nothing_can_be_proved_somebody_has_to_vouch(url: str) -> None:
    found = verify(outlet("a", url=url))
    assert not found.good
    assert "--vouch" in found.detail


@pytest.mark.parametrize("verdict", ["delivered", "rejected"])
def test_over_any_other_transport_a_marked_test_must_arrive(monkeypatch: pytest.MonkeyPatch, verdict: str) -> None:
    asked: list[Outlet] = []

    def send_test(one: Outlet) -> dict[str, str]:
        asked.append(one)
        return {"verdict": verdict, "code": "c", "detail": "said so"}

    monkeypatch.setattr(marked_test, "send_test", send_test)
    found = verify(outlet("a", url="sftp://wire@bote.example/in/"))
    assert (found.good, found.detail, len(asked)) == (verdict == "delivered", "a marked test: c: said so", 1)


# --- by e-mail

DESK = {"format": "email", "url": "mailto:desk@bote.example", "status": "unverified"}


@pytest.fixture
def relay(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """A mail server that takes everything, as the relay of the wire."""
    with mail_server() as running:
        configure(
            monkeypatch,
            SMTP_URL=f"smtp://{running.address}/wire-1.example?tls=none",
            SMTP_FROM="Wire <wire@wire.example>",
            WEB_URL="https://wire.example",
            WIRE_NAME="Wire & Söhne",
        )
        yield running


def link_in(mail: Mail) -> str:
    """The path of the link in a message."""
    [found] = re.findall(r"https://wire\.example(/verify/\S+)", mail.message.get_content())
    return str(found)


def test_by_e_mail_somebody_follows_a_link(run: Run, relay: MailServer) -> None:  # noqa: F811
    number = take(release(), outlet("a", **DESK))
    planning.plan(number)
    told = run("outlets", "verify", "a").stdout
    assert told.startswith("a is asked: it is verified when somebody has followed the link in an e-mail, until ")
    [mail] = relay.taken.mails
    assert mail.recipients == ("desk@bote.example",)
    assert mail.message["Subject"] == "Please confirm press releases from Wire & Söhne"
    web, path = InProcess(application()), link_in(mail)

    page = web.ask("GET", path)
    assert (page.status_code, "<button>Yes</button>" in page.text) == (200, True)
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    assert status_of("a") == "unverified", "programs that look at links follow them too"
    for _ in range(2):
        assert web.ask("POST", path).status_code == 200
        assert status_of("a") == "active"
    with ledger.read() as connection:
        assert [one["kind"] for one in counts.holds(connection, number)] == ["rendition"]
    [entry, *older] = json.loads(run("audit", "--outlet", "a", "--json").stdout)
    assert (entry["act"], entry["role"], older) == ("outlet.verify", "process", [])


@pytest.mark.parametrize(
    ("done", "status"),
    [("nothing", 200), ("another address", 404), ("removed", 404), ("forged", 403), ("another outlet", 403)],
)
def test_a_link_is_good_for_one_address_of_one_outlet(
    run: Run,  # noqa: F811
    relay: MailServer,
    done: str,
    status: int,
) -> None:
    take(release(), outlet("a", **DESK), outlet("b", **DESK))
    run("outlets", "verify", "a")
    path = link_in(relay.taken.mails[0])
    if done == "another address":
        run("outlets", "edit", "a", "url=mailto:other@bote.example")
    elif done == "removed":
        run("outlets", "remove", "a")
    path = {"forged": path[:-1] + "!", "another outlet": path.replace("/a/", "/b/")}.get(done, path)
    for method in ("GET", "POST"):
        assert InProcess(application()).ask(method, path).status_code == status
    assert status_of("b") == "unverified"


def test_a_relay_that_takes_nothing_asks_nobody(
    run: Run,  # noqa: F811
    relay: MailServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure(monkeypatch, SMTP_URL="smtp://127.0.0.1:1/wire-1.example?tls=none")
    take(release(), outlet("a", **DESK))
    assert "a is not verified: connection_refused" in run("outlets", "verify", "a", status=1).stdout


# --- as a command


def status_of(name: str) -> str:
    with ledger.read() as connection:
        row = outlets.get(connection, name)
    assert row is not None
    return str(row.status)


def states(release_id: int) -> dict[str, int]:
    with ledger.read() as connection:
        return counts.total(counts.states(connection, release_id))


def document(**fields: Any) -> str:
    return json.dumps([json.loads(outlet("a", **fields).to_json())])


def test_new_outlets_get_nothing_before_they_are_verified(
    run: Run,  # noqa: F811
    serve: Serve,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure(monkeypatch, VERIFY_OUTLETS="true")
    server = serve(saying(echo))
    told = run("outlets", "import", "-", input=document(url=server.url())).stdout
    assert "1 outlet of the new is unverified, and gets nothing until `fanwire outlets verify ID`" in told
    number = take(release())
    planning.plan(number)
    with ledger.read() as connection:
        [hold] = counts.holds(connection, number)
    assert (hold["kind"], hold["detail"]) == ("outlet_unverified", "imported as unverified")
    for command in (["outlets", "resume", "a"], ["replay", "--outlet", "a", "--missed"]):
        assert "fanwire outlets verify a" in run(*command, status=1).stderr
    assert "a is unverified (imported as unverified), and stays so" in run("outlets", "pause", "a").stdout
    assert "is not verified" in run("outlets", "disable", "a", status=1).stderr
    assert "1 outlet is not verified, and gets nothing" in run("doctor").output

    told = run("outlets", "verify", "a").stdout
    assert told == "a is verified: it has sent back the challenge; it is active, and 0 deliveries are due now\n"
    assert status_of("a") == "active"
    with ledger.read() as connection:
        assert [one["kind"] for one in counts.holds(connection, number)] == ["rendition"]
    [entry, *_] = json.loads(run("audit", "--outlet", "a", "--json").stdout)
    assert (entry["act"], entry["old"]["status"], entry["new"]["status"]) == ("outlet.verify", "unverified", "active")
    assert "1 unchanged" in run("outlets", "import", "-", input=document(url=server.url())).stdout


@pytest.mark.parametrize(
    ("wanted", "said", "becomes"),
    [
        ("true", "active", "unverified"),
        ("true", "paused", "paused"),
        ("true", "unverified", "unverified"),
        ("false", "unverified", "unverified"),
        ("false", "active", "active"),
    ],
)
def test_the_setting_and_the_document_say_how_an_outlet_begins(
    run: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    wanted: str,
    said: str,
    becomes: str,
) -> None:
    configure(monkeypatch, VERIFY_OUTLETS=wanted)
    run("outlets", "import", "-", input=document(status=said))
    assert status_of("a") == becomes


def test_a_file_that_says_unverified_is_good_when_the_outlet_is_verified(run: Run) -> None:  # noqa: F811
    run("outlets", "import", "-", input=document(status="unverified"))
    active = json.dumps([json.loads(outlet("a").to_json()) | {"status": "active"}])
    refused = run("outlets", "import", "-", input=active, status=1).stderr
    assert "use `fanwire outlets verify a`" in refused
    told = run("outlets", "verify", "a", "--vouch", "They called us.").stdout
    assert told.startswith("a is verified: somebody vouched for it; it is active")
    assert "1 unchanged" in run("outlets", "import", "-", input=document(status="unverified")).stdout
    assert status_of("a") == "active"


def test_what_fails_changes_nothing_and_what_is_paused_stays_so(run: Run, serve: Serve) -> None:  # noqa: F811
    good, bad = serve(saying(echo)), serve(saying(lambda *_: None))
    take(
        release(),
        outlet("bad", url=bad.url(), status="unverified"),
        outlet("good", url=good.url(), status="paused"),
    )
    found = json.loads(run("outlets", "verify", "bad", "good", "--json", status=1).stdout)
    assert [(one["outlet"], one["verified"], one["status"]) for one in found] == [
        ("bad", False, "unverified"), ("good", True, "paused"),
    ]  # fmt: skip
    assert (status_of("bad"), status_of("good")) == ("unverified", "paused")
