"""What comes back of e-mails becomes a verdict, a pause or a notice; forged and automatic messages become nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Row, select

from tasks import ledger, pipeline
from tasks.ledger import audit, deliveries, elections, notices
from tasks.ledger.deliveries import Claim
from tasks.ledger.deliveries.returns import MOST
from tasks.ledger.schema import attempts, outlets
from tasks.ledger.schema import deliveries as rows
from tasks.model.codes import Code
from tasks.model.states import State
from tasks.operations.bounces import MailboxAway, read_bounces
from tasks.operations.bounces.messages import Forged, News, Returned, read_message
from tasks.runtime.mail_tokens import Sent, read_token, return_address
from tasks.runtime.settings import settings
from tests.support.authority import Authority
from tests.support.delivery_steps import NOW, claim, finish, receivers, render, result, take
from tests.support.imap_double import ACCOUNT, USER, imap_server
from tests.support.returned_mail import DOMAIN, complaint, plain, report
from tests.support.samples import outlet

SENT = Sent(4711, 2)
FULL = "4.2.2"


def address(sent: Sent = SENT) -> str:
    return return_address("bounces", sent, DOMAIN)


def read(make: Callable[[str], bytes]) -> Returned | None:
    return read_message(make(address()), DOMAIN)


QMAIL = """Hi. This is the mail program at old.example.
I was not able to deliver your message to the following addresses. I have given up. Sorry.

<desk@bote.example>:
192.0.2.9 does not like recipient.
Remote host said: 550 sorry, no mailbox here by that name (#5.1.1)
"""


@pytest.mark.parametrize(
    ("make", "news", "status"),
    [
        (report, News.REFUSED, 550),
        (lambda to: report(to, diagnostic=""), News.REFUSED, None),
        (lambda to: report(to, status="4.4.7", diagnostic="smtp; 451 4.4.7 expired"), News.GIVEN_UP, 451),
        (lambda to: report(to, action="delayed", status=FULL, diagnostic="smtp; 452 4.2.2 full"), News.DELAYED, 452),
        (lambda to: report(f'"Bounces" <{to.upper()}>'), News.REFUSED, 550),
        (lambda to: report("desk@wire.example").replace(b"To: ", f"Delivered-To: {to}\r\nTo: ".encode(), 1),
         News.REFUSED, 550),
        (lambda to: plain(to, QMAIL), News.REFUSED, 550),
        (lambda to: plain(to, "Delivery is delayed: 452 4.2.2 mailbox full"), News.DELAYED, 452),
        (lambda to: plain(to, "Your message could not be delivered."), News.DELAYED, None),
        (complaint, News.COMPLAINT, None),
    ],
)  # fmt: skip
def test_what_a_message_says(make: Callable[[str], bytes], news: News, status: int | None) -> None:
    found = read(make)
    assert found is not None
    assert (found.news, found.sent, found.status) == (news, SENT, status)


def test_what_the_other_server_said_is_kept_on_one_line() -> None:
    found = read(lambda to: report(to, diagnostic="smtp; 550 5.7.1\r\n  \x1b[31mno\x07 spam"))
    assert found is not None
    assert found.said.startswith("550 5.7.1")
    assert found.said.isprintable()


@pytest.mark.parametrize(
    "make",
    [
        lambda to: report(to, action="delivered", status="2.0.0"),
        lambda to: report(to, action="relayed", status="2.0.0"),
        lambda to: complaint(to, kind="not-spam"),
        lambda to: plain(to, "I am away until Monday.", sender="ada@bote.example", Auto_Submitted="auto-replied"),
        lambda to: plain(to, "Thanks, but 550 5.1.1 is a number too.", sender="ada@bote.example"),
        lambda _: report("postmaster@wire.example"),
        lambda _: b"",
        lambda _: b"\xff\xfe\x00" * 50,
        lambda _: b"Content-Type: multipart/report; boundary=x\r\n\r\n" + b"--x\r\n" * 2000,
    ],
)
def test_what_says_nothing_of_a_delivery(make: Callable[[str], bytes]) -> None:
    assert read(make) is None


@pytest.mark.parametrize("forged", ["bounces+4712-2-{}", "bounces+4711-3-{}", "bounces+4711-2-aaaaaaaaaaaaaaaaaaaa"])
def test_a_token_that_is_not_ours_is_refused(forged: str) -> None:
    code = address().partition("@")[0].rpartition("-")[2]
    with pytest.raises(Forged):
        read_message(report(f"{forged.format(code)}@{DOMAIN}"), DOMAIN)


def test_a_token_is_good_for_its_purpose_only() -> None:
    token = address().partition("+")[2].partition("@")[0]
    assert read_token("bounces", token.upper()) == SENT
    assert read_token("unsubscribe", token) is None
    with pytest.raises(Forged):
        read_message(plain(address().replace("bounces+", "unsubscribe+"), "", sender="ada@bote.example"), DOMAIN)


def test_a_former_key_is_still_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = "o" * 30, "n" * 30
    monkeypatch.setenv("FANWIRE_WEB_KEY", old)
    settings.cache_clear()
    before = address()
    monkeypatch.setenv("FANWIRE_WEB_KEY", f"{new} {old}")
    settings.cache_clear()
    assert address() != before
    found = read_message(report(before), DOMAIN)
    assert found is not None
    assert found.sent == SENT


# --- with a mailbox and a ledger


class Post:
    """A folder with e-mails, and what the ledger says afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("new", "cur", "tmp"):
            (folder / name).mkdir(parents=True)
        self._count = 0

    def put(self, message: bytes) -> None:
        self._count += 1
        (self.folder / "new" / f"{self._count:04}.example").write_bytes(message)

    def read(self) -> dict[str, int]:
        return dict(read_bounces(SecretStr(f"maildir://{self.folder}"), DOMAIN, Path("/none")).counts)

    def unread(self) -> int:
        return len(list((self.folder / "new").iterdir()))


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return Post(tmp_path / "mail")


def sent_to(*names: str, uri: str = "urn:newsml:acme.example:1", ended: State | None = State.DELIVERED) -> list[Claim]:
    """A release that was sent to these outlets; `ended`: how, None while it is in flight."""
    receivers(*map(outlet, names))
    render(take(uri=uri))
    claims = claim()
    if ended is not None:
        finish(*[result(of, ended, NOW + 60 if ended is State.DUE else None) for of in claims])
    return claims


def to(of: Claim, purpose: Any = "bounces") -> str:
    return return_address(purpose, Sent(of.id, of.attempt), DOMAIN)


def row(of: Claim) -> Row[Any]:
    with ledger.read() as connection:
        return connection.execute(select(rows).where(rows.c.id == of.id)).one()


def noted(of: Claim) -> list[tuple[int, str, str | None]]:
    with ledger.read() as connection:
        query = select(attempts.c.attempt, attempts.c.verdict, attempts.c.code).where(attempts.c.delivery_id == of.id)
        return [tuple(found) for found in connection.execute(query.order_by(attempts.c.attempt))]


def status(outlet_id: str) -> tuple[str, str | None]:
    with ledger.read() as connection:
        found = connection.execute(select(outlets.c.status, outlets.c.status_reason).where(outlets.c.id == outlet_id))
        one = found.one()
        return one.status, one.status_reason


with_ledger = pytest.mark.usefixtures("book")


@with_ledger
@pytest.mark.parametrize(
    ("make", "before", "state", "last"),
    [
        (report, State.DELIVERED, State.REJECTED, (2, "rejected", Code.BOUNCED)),
        (report, State.DUE, State.REJECTED, (2, "rejected", Code.BOUNCED)),
        (lambda to: report(to, status="4.4.7"), State.DELIVERED, State.EXHAUSTED, (2, "failed", Code.BOUNCED)),
        (lambda to: report(to, action="delayed", status=FULL), State.DELIVERED, State.DELIVERED,
         (2, "failed", Code.DELAYED)),
        (report, State.CANCELED, State.CANCELED, (2, "rejected", Code.BOUNCED)),
    ],
)  # fmt: skip
def test_what_a_bounce_makes_of_a_delivery(
    post: Post, make: Callable[[str], bytes], before: State, state: State, last: tuple[int, str, str]
) -> None:
    (of,) = sent_to("bote", ended=before)
    post.put(make(to(of)))
    post.read()
    assert row(of).state == state
    assert noted(of)[-1] == last
    assert post.unread() == 0
    if state is State.REJECTED:
        assert "no such desk here" in row(of).reason
        assert row(of).due_at is None


@with_ledger
def test_a_bounce_of_what_is_in_flight_waits_for_its_answer(post: Post) -> None:
    (of,) = sent_to("bote", ended=None)
    post.put(report(to(of)))
    assert post.read() == {"to be read again": 1}
    assert row(of).state == State.CLAIMED
    finish(result(of))
    post.read()
    assert row(of).state == State.REJECTED


@with_ledger
def test_a_bounce_of_an_earlier_attempt_does_not_end_a_later_one(post: Post) -> None:
    (first,) = sent_to("bote")
    with ledger.write() as connection:
        deliveries.replay(connection, NOW, states=[State.DELIVERED])
    (second,) = claim()
    finish(result(second))
    post.put(report(to(first)))
    post.read()
    assert row(second).state == State.DELIVERED
    post.put(report(to(second)))
    post.read()
    assert row(second).state == State.REJECTED


@with_ledger
def test_a_late_warning_before_a_bounce_does_not_hide_it(post: Post) -> None:
    (of,) = sent_to("bote")
    post.put(report(to(of), action="delayed", status=FULL))
    post.put(report(to(of)))
    post.read()
    assert row(of).state == State.REJECTED
    assert [code for _, _, code in noted(of)] == [None, Code.DELAYED, Code.BOUNCED]


@with_ledger
def test_the_same_again_and_again_fills_no_ledger_and_hides_nothing(post: Post) -> None:
    (of,) = sent_to("bote")
    for _ in range(MOST + 3):
        post.put(report(to(of), action="delayed", status=FULL))
    post.read()
    assert len(noted(of)) == 1 + MOST
    post.put(report(to(of)))
    post.read()
    assert (row(of).state, noted(of)[-1][2]) == (State.REJECTED, Code.BOUNCED)


@with_ledger
def test_an_outlet_whose_mail_keeps_coming_back_is_disabled(post: Post) -> None:
    sent = [sent_to("bote", "post", uri=f"urn:newsml:acme.example:{n}") for n in range(3)]
    for number, claims in enumerate(sent):
        assert status("bote")[0] == "active", number
        post.put(report(to(next(of for of in claims if of.outlet_id == "bote"))))
        post.read()
    assert status("bote")[0] == "disabled"
    assert status("post")[0] == "active"
    with ledger.read() as connection:
        assert [(one["kind"], one["subject"]) for one in notices.latest(connection, 5)] == [("bounces", "bote")]


@with_ledger
@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda of: complaint(to(of)), "complaint"),
        (lambda of: plain(to(of, "unsubscribe"), "", sender="ada@bote.example"), "unsubscribed"),
    ],
)
def test_a_complaint_or_unsubscription_pauses_the_outlet(post: Post, make: Callable[[Claim], bytes], kind: str) -> None:
    of, other = sent_to("bote", "post")
    post.put(make(of))
    post.put(make(of))  # a second one changes nothing
    post.read()
    assert status(of.outlet_id)[0] == "paused"
    assert status(other.outlet_id)[0] == "active"
    assert row(of).state == State.DELIVERED
    with ledger.read() as connection:
        assert [one["kind"] for one in notices.latest(connection, 5)] == [kind]
        entries = [
            entry for entry in audit.latest(connection, audit.Wanted(), 50) if entry["outlet_id"] == of.outlet_id
        ]
    assert [entry["act"] for entry in entries] == ["outlet.pause"]


@with_ledger
def test_an_absence_note_unsubscribes_nobody(post: Post) -> None:
    (of,) = sent_to("bote")
    post.put(plain(to(of, "unsubscribe"), "away", sender="ada@bote.example", Auto_Submitted="auto-replied"))
    assert post.read() == {"other": 1}
    assert status("bote")[0] == "active"


@with_ledger
def test_forged_and_unknown_messages_are_read_once_and_change_nothing(post: Post) -> None:
    (of,) = sent_to("bote")
    post.put(report(f"bounces+{of.id}-{of.attempt}-aaaaaaaaaaaaaaaaaaaa@{DOMAIN}"))
    post.put(report(address(Sent(of.id + 1000, 1))))
    assert post.read() == {"not believed": 1, "other": 1}
    assert post.read() == {}
    assert row(of).state == State.DELIVERED


def test_a_mailbox_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(MailboxAway, match="no such file"):
        read_bounces(SecretStr(f"maildir://{tmp_path}/none"), DOMAIN, Path("/none"))


# --- the task, and a mailbox at a mail server


@pytest.fixture
def configured(post: Post, monkeypatch: pytest.MonkeyPatch) -> Post:
    """The settings name this mailbox."""
    configure(monkeypatch, f"maildir://{post.folder}")
    return post


def configure(monkeypatch: pytest.MonkeyPatch, mailbox: str, **more: str) -> None:
    for name, value in ({"BOUNCES_URL": mailbox, "BOUNCE_DOMAIN": DOMAIN} | more).items():
        monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()


@pytest.mark.usefixtures("sqlite_ledger")
def test_the_task_reads_the_mailbox_unless_somebody_else_does(configured: Post) -> None:
    (of,) = sent_to("bote")
    configured.put(report(to(of)))
    with ledger.write() as connection:
        now = ledger.now(connection)
        elections.run_for(connection, "bounces", "another", now, until=now + 60)
    assert pipeline.bounces() == "another process reads them"
    with ledger.write() as connection:
        elections.run_for(connection, "bounces", "another", now, until=now - 1)
    assert pipeline.bounces() == "1 refused"
    assert row(of).state == State.REJECTED
    with ledger.read() as connection:
        assert elections.holder(connection, "bounces", ledger.now(connection)) is None


@pytest.mark.usefixtures("sqlite_ledger")
def test_a_mailbox_that_is_away_leaves_a_notice_and_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, "imap://bounces:geheim@127.0.0.1:1/INBOX")
    said = [pipeline.bounces() for _ in range(2)]
    assert said[0].startswith("not read: the mailbox cannot be read: connection refused")
    with ledger.read() as connection:
        [notice] = notices.latest(connection, 5)
    assert (notice["kind"], notice["subject"]) == ("bounces", "mailbox")
    assert "geheim" not in notice["text"] + "".join(said)


@pytest.mark.usefixtures("sqlite_ledger")
@pytest.mark.parametrize("tls", [False, True])
def test_a_mailbox_at_a_mail_server(tls: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    (of,) = sent_to("bote")
    messages = [report(to(of)), b"Subject: hello\r\n\r\n", report(to(of))]
    with imap_server(messages, authority.context("127.0.0.1") if tls else None) as server:
        scheme = "imaps" if tls else "imap"
        configure(
            monkeypatch, f"{scheme}://{USER}:{ACCOUNT}@{server.address}/Back%20mail", CA_FILE=str(authority.bundle)
        )
        assert pipeline.bounces() == "2 refused, 1 other"
        assert server.seen == {1, 2, 3}
        assert pipeline.bounces() == "—", "what was read is not read again"
        assert server.logins == 2
    assert row(of).state == State.REJECTED


@pytest.mark.usefixtures("sqlite_ledger")
@pytest.mark.parametrize(("account", "trusted"), [("wrong", True), (ACCOUNT, False)])
def test_a_mail_server_that_refuses_us_or_is_another(
    account: str, trusted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, stranger = Authority(tmp_path), Authority(tmp_path_of(tmp_path))
    with imap_server([], authority.context("127.0.0.1")) as server:
        bundle = (authority if trusted else stranger).bundle
        configure(monkeypatch, f"imaps://{USER}:{account}@{server.address}/INBOX", CA_FILE=str(bundle))
        said = pipeline.bounces()
        assert said.startswith("not read: ")
        assert account not in said
        assert server.logins == 0


def tmp_path_of(folder: Path) -> Path:
    inner = folder / "stranger"
    inner.mkdir()
    return inner
