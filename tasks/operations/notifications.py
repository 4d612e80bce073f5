"""Telling: posts notices to the address that operations configured, such as a chat's incoming webhook."""

from __future__ import annotations

import requests
import structlog

from tasks.ledger import notices, now, read, write
from tasks.runtime import trust
from tasks.runtime.settings import settings

log = structlog.get_logger()

AT_ONCE = 20
TIMEOUT = 5.0
"""Seconds to connect, and between bytes of the answer."""


def tell() -> int:
    """Post the notices that nobody has been told yet; the number told. What cannot be told now is told later."""
    address = settings().notice_url
    if address is None:
        return 0
    with read() as connection:
        waiting = notices.untold(connection, AT_ONCE)
    done: list[int] = []
    with requests.Session() as session:
        session.trust_env = False  # REQUESTS_CA_BUNDLE would override `verify`
        session.verify = str(trust.bundle())
        for notice in waiting:
            text = f"{notice['kind']}: {notice['subject']}: {notice['text']}"
            try:
                answer = session.post(
                    address.get_secret_value(), json={"text": text, **notice}, timeout=TIMEOUT, allow_redirects=False
                )
            except requests.RequestException as error:
                log.warning("notice not told", problem=type(error).__name__)
                break
            if not answer.ok:
                log.warning("notice not told", status=answer.status_code)
                break
            done.append(notice["id"])
    if done:
        with write() as connection:
            notices.told(connection, done, now(connection))
    return len(done)
