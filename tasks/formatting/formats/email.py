"""`email`: the release as an e-mail (RFC 5322) of plain text and HTML, in ASCII lines that every relay passes on.

It has neither `From` nor `To`, nor how to unsubscribe: whoever sends it puts those before it. Replies go to the
contacts of the release. Each version has a `Message-ID` of its own, always the same, and answers the first version, so
that mail programs show a correction or kill beside what it replaces. The lines of its header are not written by
EmailMessage, which loses spaces where it folds a text that is not ASCII.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, quote
from urllib.parse import urlsplit

from markupsafe import Markup

from tasks.formatting.article import Article
from tasks.formatting.formats import Format, text
from tasks.formatting.fragment import fragment, templates
from tasks.model.provenance import provenance
from tasks.runtime import moments

URGENT = 2
"""The greatest urgency at which a mail program shows the e-mail as important."""
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+"
_ADDRESS = re.compile(rf"{_ATOM}(\.{_ATOM})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
"""Addresses that a header can hold without quotation."""
_TAG = re.compile(r'<([a-z][a-z0-9]*)((?: [a-z-]+="[^"]*")*)>')
_NOTICE = "margin:0 0 16px;padding:12px;background:#fff3cd;color:#5c1a00"
_STYLES = {
    "article": "max-width:640px;margin:0 auto;color:#1a1a1a;font:16px/1.5 system-ui,'Segoe UI',Arial,sans-serif",
    "h1": "margin:0 0 8px;font-size:24px;line-height:1.25",
    "h2": "margin:24px 0 8px;font-size:18px;line-height:1.3",
    "h3": "margin:20px 0 8px;font-size:16px",
    "h4": "margin:16px 0 8px;font-size:16px",
    "p": "margin:0 0 16px",
    "a": "color:#0b57d0",
    "ul": "margin:0 0 16px;padding:0 24px",
    "ol": "margin:0 0 16px;padding:0 24px",
    "blockquote": "margin:0 0 16px;padding:0 16px;font-style:italic",
    "pre": "white-space:pre-wrap",
    "table": "margin:0 0 16px;border-collapse:collapse",
    "td": "padding:4px 8px;border:1px solid #bbbbbb",
    "th": "padding:4px 8px;border:1px solid #bbbbbb",
    "figure": "margin:0 0 16px",
    "figcaption": "font-size:13px",
    "img": "max-width:100%;height:auto",
    "footer": "margin:24px 0 0;padding:16px 0 0;border-top:1px solid #bbbbbb;font-size:13px",
    "address": "margin:0 0 4px;font-style:normal",
}
_CLASSES = {
    "subheadline": "margin:0 0 16px;font-size:18px",
    **dict.fromkeys(("kill", "test", "corrected", "note"), _NOTICE),
}


def make(article: Article) -> bytes:
    """The article as an e-mail with CRLF line ends; raises ValueError for one without a time of receipt."""
    if article.received is None:
        raise ValueError("email needs the moment at which the release was received")
    subject = _subject(article)
    page = templates().get_template("email.html")
    html = page.render(article=article, subject=subject, fragment=_styled(fragment(article, players=False)))
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message.set_content(text.make(article).decode())
    message.add_alternative(html, subtype="html")
    message.set_boundary("=_" + _digest(article.uri, str(article.release.version)))
    header = {
        "Date": format_datetime(moments.in_zone(article.received, UTC)),
        "Subject": subject,
        **_headers(article),
    }
    lines = [_field(name, value) for name, value in header.items() if value]
    if contacts := [way for contact in article.contacts if (way := _address(contact.name, contact.email))]:
        lines.append("Reply-To: " + ",\r\n ".join(contacts))
    return "".join(line + "\r\n" for line in lines).encode() + message.as_bytes()


def _subject(article: Article) -> str:
    """The headline, after the label of a correction, kill or test in brackets."""
    return _line(f"[{article.label}] {article.headline}" if article.label else article.headline)


def _headers(article: Article) -> dict[str, str | None]:
    release, first = article.release, _message_id(article, 1)
    names = [name for topic in dict.fromkeys(release.topics) if (name := article.topic_name(topic))]
    urgent = release.urgency <= URGENT
    issuer = release.issuer
    return {
        "Message-ID": _message_id(article, release.version),
        "In-Reply-To": first if release.version > 1 else None,
        "References": first if release.version > 1 else None,
        "Content-Language": article.content_language,
        "Keywords": ", ".join(names),
        "Importance": "high" if urgent else None,
        "Priority": "urgent" if urgent else None,
        "List-Id": f"<releases.{_host(article)}>",
        "Auto-Submitted": "auto-generated",
        "Fanwire-Release": release.uri,
        "Fanwire-Item": article.uri,
        "Fanwire-Version": str(release.version),
        "Fanwire-Action": article.action,
        "Fanwire-Status": article.pub_status,
        "Fanwire-Urgency": str(release.urgency),
        "Fanwire-Embargo": release.embargo_until.isoformat() if release.embargo_until else None,
        "Fanwire-Translation": provenance(article.translation),
        "Fanwire-Translation-Of": article.source_uri if article.translated else None,
        "Fanwire-Also-In": " ".join(uri for _, uri in article.also_in),
        "Fanwire-Topics": " ".join(dict.fromkeys(release.topics)),
        "Fanwire-Issuer": issuer.name if issuer else None,
        "Fanwire-Tickers": " ".join(issuer.tickers) if issuer else None,
        "Fanwire-Isin": " ".join(issuer.isin) if issuer else None,
        "Fanwire-Lei": issuer.lei if issuer else None,
    }


def _message_id(article: Article, version: int) -> str:
    """Always the same of a version; of a test another one each time, or mail servers would drop the second."""
    when = [str(article.received)] if article.action == "test" else []
    return f"<{_digest(article.uri, str(version), *when)}@{_host(article)}>"


def _host(article: Article) -> str:
    """The host of the wire, as a mail header can hold it."""
    host = urlsplit(article.wire.url).hostname or ""
    try:
        return host.encode("idna").decode() or "fanwire.invalid"
    except UnicodeError:
        return "fanwire.invalid"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _address(name: str, address: str | None) -> str | None:
    """`Name <address>` as a header can hold it; None for an address that it cannot hold."""
    if not (address and _ADDRESS.fullmatch(address)):
        return None
    name = _line(name)
    plain = name.isascii() and "=?" not in name
    return f'"{quote(name)}" <{address}>' if plain else f"{_encoded(name, 'Reply-To')} <{address}>"


def _field(name: str, value: str) -> str:
    """A line of the header, folded."""
    value = _line(value)
    plain = value.isascii() and "=?" not in value
    return f"{name}: {Header(value, 'us-ascii', 76, name).encode() if plain else _encoded(value, name)}".replace(
        "\n", "\r\n"
    )


def _encoded(text: str, name: str) -> str:
    return Header(text, "utf-8", 76, name).encode()


def _line(text: str) -> str:
    """The text as a single line, as it has to be in a header."""
    return " ".join(text.splitlines())


def _styled(html: Markup) -> Markup:
    """The HTML with a style in each element: many mail programs drop style sheets. It is known to be clean."""
    return Markup(_TAG.sub(_with_style, str(html)))  # noqa: S704


def _with_style(tag: re.Match[str]) -> str:
    name, attributes = tag.groups()
    found = re.search(r' class="([^"]*)"', attributes)
    style = _CLASSES.get(found[1] if found else "") or _STYLES.get(name)
    return f'<{name}{attributes} style="{style}">' if style else tag[0]


FORMAT = Format(content_type="message/rfc822", make=make, ending="eml")
