"""`fanwire bounces`: what comes back of e-mails."""

from __future__ import annotations

import typer

from tasks.operations.bounces import MailboxAway, read_bounces
from tasks.runtime import trust
from tasks.runtime.settings import settings
from workers.cli.rows import need_ledger
from workers.cli.screen import JsonOption, out, print_json, stop

app = typer.Typer(no_args_is_help=True, help="What comes back of e-mails.")


@app.command()
def read(as_json: JsonOption = False) -> None:
    """Read the mailbox of bounces now, as the workers do each minute: deliveries that came back end as rejected, and
    outlets that complain or unsubscribe are paused."""
    need_ledger()
    mailbox, domain = settings().bounces_url, settings().bounce_domain
    if mailbox is None or domain is None:
        stop("There is no mailbox of bounces: set FANWIRE_BOUNCES_URL and FANWIRE_BOUNCE_DOMAIN.")
    try:
        summary = read_bounces(mailbox, domain, trust.bundle())
    except MailboxAway as error:
        stop(f"The mailbox of bounces cannot be read: {error}.")
    if as_json:
        print_json(dict(summary.counts))
    else:
        more = "; there is more, so read again" if summary.more else ""
        out.print(f"Read: {summary}{more}", markup=False)
