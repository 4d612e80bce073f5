"""The relay and the mailbox of bounces, as settings name them; no refusal shows a password."""

from __future__ import annotations

import pytest

from tasks.runtime.errors import ConfigurationRefused
from tasks.runtime.mail_relay import MailRelay, mail_relay
from tasks.runtime.settings import settings

FROM = "Example Wire <wire@wire.example>"


def relay(monkeypatch: pytest.MonkeyPatch, url: str) -> MailRelay:
    monkeypatch.setenv("FANWIRE_SMTP_URL", url)
    monkeypatch.setenv("FANWIRE_SMTP_FROM", FROM)
    settings.cache_clear()
    found = mail_relay()
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("url", "dialled", "host", "starttls", "account"),
    [
        ("smtp://Relay.example", "smtp://relay.example:587", "relay.example:587", True, (None, None)),
        ("smtps://relay.example", "smtps://relay.example:465", "relay.example:465", False, (None, None)),
        ("smtp://relay.example:25/wire-1.example?tls=required", "smtp://relay.example:25/wire-1.example",
         "relay.example:25", True, (None, None)),
        ("smtp://wire:p%40ss%2Fw@relay.example", "smtp://relay.example:587", "relay.example:587", True,
         ("wire", "p@ss/w")),
        ("smtp://[::1]:25?tls=none", "smtp://[::1]:25", "[::1]:25", False, (None, None)),
        ("smtp://u:geheim@localhost?tls=none", "smtp://localhost:587", "localhost:587", False, ("u", "geheim")),
    ],
)  # fmt: skip
def test_an_address_of_a_relay(
    monkeypatch: pytest.MonkeyPatch, url: str, dialled: str, host: str, starttls: bool,
    account: tuple[str | None, str | None],
) -> None:  # fmt: skip
    found = relay(monkeypatch, url)
    assert (found.url, found.host, found.starttls, (found.user, found.password)) == (dialled, host, starttls, account)
    assert (found.sender, found.address, found.connections) == (FROM, "wire@wire.example", 10)
    assert account[1] is None or account[1] not in repr(found)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SMTP_URL", "relay.example:587", "must be the address of a mail relay"),
        ("SMTP_URL", "http://relay.example", "must be the address of a mail relay"),
        ("SMTP_URL", "smtp://wire:geheim/x@relay.example", "must be the address of a mail relay"),
        ("SMTP_URL", "smtp://wire:geheim@relay.example:0", "must be the address of a mail relay"),
        ("SMTP_URL", "smtp://wire:geheim@relay.example/a b", "must be the address of a mail relay"),
        ("SMTP_URL", "smtp://wire:geheim@relay.example?tls=maybe", "may have no other option than tls=required"),
        ("SMTP_URL", "smtp://wire:geheim@relay.example?tls=none", "would send its password without encryption"),
        ("SMTP_URL", "smtps://wire:geheim@relay.example?tls=none", "begins with smtps://, which is TLS"),
        ("SMTP_FROM", "wire", "must be an address in ASCII"),
        ("SMTP_FROM", "Wire <wire@wire.example>, x@y.example", "must be an address in ASCII"),
        ("SMTP_FROM", "Wire\r\nBcc: all@wire.example <wire@wire.example>", "must be an address in ASCII"),
        ("SMTP_FROM", "Wire <wire@wire.example>\r\nBcc: x@y.example", "must be an address in ASCII"),
        ("BOUNCE_DOMAIN", "bounces", "must be the name of a domain"),
        ("BOUNCES_URL", "pop3://b:geheim@mail.example", "must be maildir:///FOLDER or imaps://"),
        ("BOUNCES_URL", "maildir://folder", "must be maildir:///FOLDER or imaps://"),
        ("BOUNCES_URL", "imaps://mail.example/INBOX", "must be maildir:///FOLDER or imaps://"),
        ("BOUNCES_URL", "imap://b:geheim@mail.example/INBOX", "would send its password without encryption"),
        ("SMTP_CONNECTIONS", "0", "must be 1 or more"),
    ],
)
def test_what_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str) -> None:
    monkeypatch.setenv("FANWIRE_SMTP_FROM", FROM)
    monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()
    with pytest.raises(ConfigurationRefused) as refusal:
        settings()
    assert f"FANWIRE_{name}: " in str(refusal.value)
    assert says in str(refusal.value)
    assert "geheim" not in str(refusal.value)


def test_a_relay_needs_a_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANWIRE_SMTP_URL", "smtp://wire:geheim@relay.example")
    settings.cache_clear()
    with pytest.raises(ConfigurationRefused, match="FANWIRE_SMTP_URL needs FANWIRE_SMTP_FROM"):
        settings()


def test_no_relay_is_none() -> None:
    assert mail_relay() is None
