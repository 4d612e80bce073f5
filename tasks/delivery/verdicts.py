"""What an answer means: the verdict of an attempt, decided in one place.

| answer | verdict | why |
|---|---|---|
| 2xx | delivered | whatever becomes of the answer's body |
| 3xx | rejected | a redirect followed turns POST into GET and looks delivered; somebody must correct the URL |
| 410 | rejected, and the outlet is to be disabled | Standard Webhooks |
| 429; 503 with Retry-After | throttled | it asks for time |
| 408, 425, other 5xx, a status that HTTP does not know | failed | may work later |
| 501, other 4xx | rejected | the same request will not be liked later either |
| name, connection, TLS failed; broken off before all was sent | failed | nothing arrived; certificates get renewed |
| reset, timed out or nonsense after all was sent | unsure | the outlet may have it |
| no address that we may dial | blocked | |
| our own fault; our name servers are away | ours | never charged to the outlet |

505 is `failed` on purpose: an outlet that cannot speak HTTP/1.1 is a proxy that is being repaired.

Other protocols share what becomes of a broken connection (`judge_failure`); for the rest their transports have tables
of their own.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from tasks.delivery.transfers.transfer import Answer, ErrorKind
from tasks.model.codes import Code, http_code
from tasks.model.states import Verdict

DETAIL_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on an answer, and what goes with it: reason, code, time to wait."""

    verdict: Verdict
    detail: str
    """For people, short, without secrets."""
    retry_after: float | None
    """Seconds that the outlet asked us to wait; None if it did not, or not understandably."""
    disable_outlet: bool
    """The outlet is gone for good (410): nothing more is to be sent to it."""
    status: int | None
    """HTTP status, if there was one."""
    code: str
    """What it met, for programs: tasks/model/codes.py."""
    of_host: Verdict | None = None
    """What it says of the host, where that is not what it says of the outlet: a mail relay is well when it refuses an
    address, and no outlet is at fault when it refuses us. None: the verdict."""


def judge(answer: Answer, now: float | None = None) -> Judgement:
    """Return the verdict on one answer. `now` (seconds since the epoch) is what a Retry-After date is compared with."""
    if answer.status is None:
        return judge_failure(answer)
    status = answer.status
    wait = retry_after(answer.headers.get("retry-after"), time.time() if now is None else now)
    if 200 <= status < 300:
        verdict = Verdict.DELIVERED
    elif status == 429 or (status == 503 and wait is not None):
        verdict = Verdict.THROTTLED
    elif status in (408, 425) or (status >= 500 and status != 501):
        verdict = Verdict.FAILED
    else:
        verdict = Verdict.REJECTED
    return Judgement(verdict, _detail(status, verdict, answer), wait, status == 410, status, http_code(status))


def judge_failure(answer: Answer) -> Judgement:
    """Return the verdict on an attempt that met an error and no answer, over whatever protocol."""
    kind = answer.error_kind
    if kind is ErrorKind.BLOCKED:
        verdict = Verdict.BLOCKED
    elif kind is ErrorKind.NAME_SERVER:
        verdict = Verdict.OURS
    elif kind is ErrorKind.OURS:
        verdict = Verdict.UNSURE if answer.sent else Verdict.OURS  # broken off by us, but the outlet may have it
    elif kind in (ErrorKind.LOGIN, ErrorKind.HOST_KEY):
        verdict = Verdict.REJECTED  # until somebody corrects the outlet's document, as after 401
    elif answer.sent and kind in (ErrorKind.RESET, ErrorKind.TIMEOUT, ErrorKind.OTHER):
        verdict = Verdict.UNSURE
    else:
        verdict = Verdict.FAILED
    detail = (answer.error or "no answer")[:DETAIL_CHARACTERS]
    return Judgement(verdict, detail, None, disable_outlet=False, status=answer.status, code=_code(answer))


def judge_outcome(answer: Answer, _now: float) -> Judgement:
    """Return the verdict on an attempt over a protocol without a table of its own, or on a piece of work: delivered if
    nothing went wrong. A reply from 500 on is the server's final no, as SMTP and FTP have it."""
    if answer.error is not None:
        judgement = judge_failure(answer)
        final = answer.error_kind is ErrorKind.REPLY and (answer.status or 0) >= 500
        return replace(judgement, verdict=Verdict.REJECTED) if final else judgement
    last = answer.answer.decode("utf-8", "replace").splitlines()[-1:]
    said = _printable("".join(last))[:DETAIL_CHARACTERS] or "delivered"
    return Judgement(Verdict.DELIVERED, said, None, disable_outlet=False, status=answer.status, code=Code.DONE)


def unfinished(answer: Answer, judgement: Judgement) -> Judgement:
    """The verdict on a delivery whose last step was not the decisive one: never `delivered`, whatever was answered."""
    if judgement.verdict is not Verdict.DELIVERED or answer.transfer.decisive:
        return judgement
    detail = f"{judgement.detail}, but not with what was asked for: nothing was delivered"
    return replace(judgement, verdict=Verdict.FAILED, detail=detail[:DETAIL_CHARACTERS], code=Code.UNFINISHED)


CODES = {
    ErrorKind.RESOLVE: Code.DNS,
    ErrorKind.NAME_SERVER: Code.NAME_SERVER,
    ErrorKind.REFUSED: Code.CONNECTION_REFUSED,
    ErrorKind.CONNECT: Code.NO_CONNECTION,
    ErrorKind.TLS: Code.TLS,
    ErrorKind.TIMEOUT: Code.TIMEOUT,
    ErrorKind.RESET: Code.CONNECTION_RESET,
    ErrorKind.BLOCKED: Code.REFUSED_ADDRESS,
    ErrorKind.OTHER: Code.NOT_HTTP,
    ErrorKind.LOGIN: Code.LOGIN,
    ErrorKind.HOST_KEY: Code.HOST_KEY,
    ErrorKind.REPLY: Code.SERVER_REPLY,
    ErrorKind.WORK: Code.LOCAL_WORK,
}
"""What a transfer met that got no answer, but for what is our own fault."""


def _code(answer: Answer) -> Code:
    if answer.error_kind is None:
        return Code.NO_ANSWER
    if answer.error_kind is ErrorKind.OURS:
        return Code.BROKEN_OFF if answer.sent else Code.CANNOT_SEND
    return CODES[answer.error_kind]


def _detail(status: int, verdict: Verdict, answer: Answer) -> str:
    try:
        text = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        text = str(status)
    if 300 <= status < 400:
        return f"{text}: {_pointed_to(answer.headers.get('location'))}"[:DETAIL_CHARACTERS]
    if verdict is Verdict.DELIVERED:
        return text if answer.sent else f"{text}, before it had read everything"
    said = _said(answer)
    return f"{text}: {said}"[:DETAIL_CHARACTERS] if said else text


def _pointed_to(location: str | None) -> str:
    """Where a redirect pointed, without what may be secret in it: user, password, query."""
    if not location:
        return "points nowhere"
    try:
        parts = urlsplit(location)
    except ValueError:
        return "points to an address that cannot be read"
    host = parts.netloc.rpartition("@")[2]
    address = (f"{parts.scheme}:" if parts.scheme else "") + (f"//{host}" if host else "") + parts.path
    return f"points to {_printable(address)}{'?…' if parts.query else ''}"


def _said(answer: Answer) -> str:
    """The start of a textual answer, on one line; nothing of an HTML page."""
    kind = answer.headers.get("content-type", "").lower()
    if "html" in kind or not ("text/" in kind or "json" in kind or "xml" in kind):
        return ""
    return _printable(answer.answer.decode("utf-8", "replace"))


def _printable(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait according to a Retry-After header (a number of seconds, or an HTTP date): 0 for the past, None
    for nonsense."""
    if not value:
        return None
    value = value.strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
            seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
