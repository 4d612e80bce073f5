"""E-mails that come back, as mail servers, mail programs and people write them."""

from __future__ import annotations

from email.message import EmailMessage

DOMAIN = "bounces.wire.example"


def report(
    to: str, action: str = "failed", status: str = "5.1.1", diagnostic: str = "smtp; 550 5.1.1 no such desk here"
) -> bytes:
    """A delivery report after RFC 3464, as the common mail servers send it: it says of itself that it was generated."""
    return f"""From: MAILER-DAEMON@relay.example (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="edge"

--edge
Content-Type: text/plain

We are sorry; your message could not be passed on.

--edge
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example
Arrival-Date: Mon, 23 Nov 2026 08:00:00 +0000

Final-Recipient: rfc822; desk@bote.example
Action: {action}
Status: {status}
Diagnostic-Code: {diagnostic}

--edge
Content-Type: text/rfc822-headers

Subject: Acme opens a plant
--edge--
""".replace("\n", "\r\n").encode()


def complaint(return_path: str, kind: str = "abuse") -> bytes:
    """A complaint after RFC 5965, which comes to an address that the provider knows; it quotes the envelope."""
    return f"""From: feedback@mail.example
To: abuse@wire.example
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="edge"

--edge
Content-Type: text/plain

This is an abuse report.
--edge
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Feedback/1.0
Version: 1
Original-Mail-From: <{return_path}>

--edge
Content-Type: message/rfc822

From: wire@wire.example
Subject: Acme opens a plant

--edge--
""".encode()


def plain(to: str, text: str, sender: str = "MAILER-DAEMON@old.example", **headers: str) -> bytes:
    """An e-mail of one text, as older mail servers send their failures, or people and programs their answers."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, "Re: Acme opens a plant"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()
