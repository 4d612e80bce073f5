"""Posts notices to the address that operations configured, such as a chat's incoming webhook."""

from __future__ import annotations

from pathlib import Path

import structlog
from pydantic import SecretStr

from tasks import ledger
from tasks.ledger import notices

log = structlog.get_logger()

AT_ONCE = 20
"""Notices that one task posts at most."""
TIMEOUT = 5.0
"""Seconds to connect, and between bytes of the answer."""


def post_notices(address: SecretStr, trusted: Path) -> int:
    """Post the notices that were not posted yet to an address; the number posted.

    `trusted` is a PEM file with the certificate authorities to believe. What cannot be posted now is posted later.
    """
    with ledger.read() as connection:
        waiting = notices.unposted(connection, AT_ONCE)
    posted: list[int] = []
    import requests  # here, for every worker and command would load it at its start

    with requests.Session() as session:
        session.trust_env = False  # REQUESTS_CA_BUNDLE would override `verify`
        session.verify = str(trusted)
        for notice in waiting:
            text = f"{notice['kind']}: {notice['subject']}: {notice['text']}"
            try:
                answer = session.post(
                    address.get_secret_value(), json={"text": text, **notice}, timeout=TIMEOUT, allow_redirects=False
                )
            except requests.RequestException as error:
                log.warning("notice not posted", problem=type(error).__name__)
                break
            if not answer.ok:
                log.warning("notice not posted", status=answer.status_code)
                break
            posted.append(notice["id"])
    if posted:
        with ledger.write() as connection:
            notices.mark_posted(connection, posted, ledger.now(connection))
    return len(posted)
