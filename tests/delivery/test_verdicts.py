"""Each answer and its verdict."""

from __future__ import annotations

import time
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.delivery.transfers.transfer import Answer, ErrorKind, Transfer
from tasks.delivery.verdicts import DETAIL_CHARACTERS, judge, retry_after
from tasks.model.states import Verdict

NOW = 1_795_000_000.0
REFUSED = f"422 {HTTPStatus(422).phrase}"
"""Which says Entity up to Python 3.12 and Content since."""


def answer(status: int | None = None, **changes: Any) -> Answer:
    fields: dict[str, Any] = {
        "transfer": Transfer(key="k", url="http://outlet.example/", headers=(), body=b"", deadline=1.0),
        "status": status,
        "error": None,
        "error_kind": None,
        "headers": {},
        "answer": b"",
        "sent": True,
        "address": "192.0.2.1",
        "started_at": NOW,
        "seconds": 0.1,
        "connected": 0.05,
    }
    return Answer(**(fields | changes))


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        *((status, Verdict.DELIVERED) for status in (200, 201, 202, 204, 206, 226, 299)),
        *((status, Verdict.REJECTED) for status in (300, 301, 302, 303, 304, 305, 307, 308, 399)),
        *((status, Verdict.REJECTED) for status in (400, 401, 403, 404, 405, 406, 409, 410, 413, 415, 418, 422, 451)),
        *((status, Verdict.FAILED) for status in (408, 425)),
        (429, Verdict.THROTTLED),
        *((status, Verdict.FAILED) for status in (500, 502, 503, 504, 505, 507, 508, 511, 520, 599, 600, 999)),
        (501, Verdict.REJECTED),
    ],
)
def test_status(status: int, verdict: Verdict) -> None:
    judgement = judge(answer(status), now=NOW)
    assert judgement.verdict is verdict
    assert judgement.status == status
    assert judgement.detail.startswith(str(status))
    assert judgement.disable_outlet is (status == 410)


@pytest.mark.parametrize(
    ("status", "verdict"), [(429, Verdict.THROTTLED), (503, Verdict.THROTTLED), (500, Verdict.FAILED)]
)
def test_status_with_retry_after(status: int, verdict: Verdict) -> None:
    judgement = judge(answer(status, headers={"retry-after": "120"}), now=NOW)
    assert (judgement.verdict, judgement.retry_after) == (verdict, 120.0)


def test_503_with_a_retry_after_that_says_nothing() -> None:
    judgement = judge(answer(503, headers={"retry-after": "soon"}), now=NOW)
    assert (judgement.verdict, judgement.retry_after) == (Verdict.FAILED, None)


@pytest.mark.parametrize(
    ("kind", "sent", "verdict", "code"),
    [
        (ErrorKind.RESOLVE, False, Verdict.FAILED, "dns"),
        (ErrorKind.CONNECT, False, Verdict.FAILED, "no_connection"),
        (ErrorKind.REFUSED, False, Verdict.FAILED, "connection_refused"),
        (ErrorKind.TLS, False, Verdict.FAILED, "tls"),
        (ErrorKind.TIMEOUT, False, Verdict.FAILED, "timeout"),
        (ErrorKind.TIMEOUT, True, Verdict.UNSURE, "timeout"),
        (ErrorKind.RESET, False, Verdict.FAILED, "connection_reset"),
        (ErrorKind.RESET, True, Verdict.UNSURE, "connection_reset"),
        (ErrorKind.OTHER, True, Verdict.UNSURE, "not_http"),
        (ErrorKind.OTHER, False, Verdict.FAILED, "not_http"),
        (ErrorKind.BLOCKED, False, Verdict.BLOCKED, "refused_address"),
        (ErrorKind.OURS, False, Verdict.OURS, "cannot_send"),
        (ErrorKind.OURS, True, Verdict.UNSURE, "broken_off"),  # broken off by us, and the outlet may have it
    ],
)
def test_error(kind: ErrorKind, *, sent: bool, verdict: Verdict, code: str) -> None:
    judgement = judge(answer(error="what happened", error_kind=kind, sent=sent), now=NOW)
    assert judgement.verdict is verdict
    assert (judgement.detail, judgement.code) == ("what happened", code)
    assert (judgement.retry_after, judgement.disable_outlet, judgement.status) == (None, False, None)


def test_nothing_at_all_has_a_verdict_too() -> None:
    judgement = judge(answer())
    assert (judgement.verdict, judgement.detail, judgement.code) == (Verdict.FAILED, "no answer", "no_answer")


def test_a_long_error_is_cut() -> None:
    judgement = judge(answer(error="x" * 1000, error_kind=ErrorKind.RESET))
    assert judgement.detail == "x" * DETAIL_CHARACTERS


def test_an_answer_has_its_status_as_its_code() -> None:
    assert [judge(answer(status)).code for status in (200, 302, 404, 503)] == [
        "http_200", "redirect", "http_404", "http_503",
    ]  # fmt: skip


def test_a_yes_before_all_was_sent_is_told() -> None:
    judgement = judge(answer(200, sent=False))
    assert (judgement.verdict, judgement.detail) == (Verdict.DELIVERED, "200 OK, before it had read everything")


def test_a_plain_yes_says_nothing_else() -> None:
    assert judge(answer(202), now=NOW).detail == "202 Accepted"


def test_a_status_counts_more_than_what_happened_to_the_body() -> None:
    judgement = judge(answer(200, error="connection closed within the answer's body", error_kind=ErrorKind.RESET))
    assert judgement.verdict is Verdict.DELIVERED


@pytest.mark.parametrize(
    ("location", "detail"),
    [
        ("https://new.example/wire", "301 Moved Permanently: points to https://new.example/wire"),
        ("/login", "301 Moved Permanently: points to /login"),
        ("https://u:geheim@new.example:8443/x?token=geheim#f", "301 Moved Permanently: points to https://new.example:8443/x?…"),
        ("//new.example/wire", "301 Moved Permanently: points to //new.example/wire"),
        ("urn:wire", "301 Moved Permanently: points to urn:wire"),
        ("/a\n\x1b[2Jb", "301 Moved Permanently: points to /a [2Jb"),
        ("/" + "x" * 1000, "301 Moved Permanently: points to /".ljust(DETAIL_CHARACTERS, "x")),
        ("http://[", "301 Moved Permanently: points to an address that cannot be read"),
        (None, "301 Moved Permanently: points nowhere"),
    ],
)  # fmt: skip
def test_redirects_say_where_to_without_secrets(location: str | None, detail: str) -> None:
    headers = {} if location is None else {"location": location}
    assert judge(answer(301, headers=headers)).detail == detail


@pytest.mark.parametrize(("status", "points"), [(299, False), (300, True), (399, True), (400, False)])
def test_only_a_redirect_points_somewhere(status: int, *, points: bool) -> None:
    assert ("points to /x" in judge(answer(status, headers={"location": "/x"})).detail) is points


@pytest.mark.parametrize(
    ("kind", "body", "detail"),
    [
        ("text/plain", b"language\r\n\x1b[31mnot taken", f"{REFUSED}: language [31mnot taken"),
        ("application/problem+json", b'{"title": "no"}', REFUSED + ': {"title": "no"}'),
        ("Application/XML", b"<no/>", f"{REFUSED}: <no/>"),
        ("TEXT/HTML", b"<html><body>", REFUSED),
        ("image/png", b"\x89PNG", REFUSED),
        ("text/plain", b"\xff" * 5000, None),
    ],
)
def test_what_the_outlet_said(kind: str, body: bytes, detail: str | None) -> None:
    judged = judge(answer(422, headers={"content-type": kind}, answer=body)).detail
    assert detail is None or judged == detail
    assert len(judged) <= DETAIL_CHARACTERS
    assert judged.isprintable()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None), ("", None), ("  ", None), ("120", 120.0), (" 120 ", 120.0), ("1.5", 1.5), ("0", 0.0),
        ("-5", 0.0), ("nan", None), ("inf", None), ("1e999", None), ("soon", None), ("120 s", None), ("12:00", None),
        (formatdate(NOW + 90, usegmt=True), 90.0), (formatdate(NOW - 90, usegmt=True), 0.0),
        (f"{formatdate(NOW + 90)[:-5]}-0500", 18_090.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0.0),
        ("Sun Nov  6 08:49:37 1994", 0.0), ("Sun, 99 Nov 1994 08:49:37 GMT", None), ("1" * 500, None),
    ],
)  # fmt: skip
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_a_date_to_wait_for_is_compared_with_the_present() -> None:
    tomorrow = formatdate(time.time() + 24 * 3600, usegmt=True)
    wait = judge(answer(429, headers={"retry-after": tomorrow})).retry_after
    assert wait is not None
    assert 23 * 3600 < wait <= 24 * 3600


def test_a_date_without_a_zone_is_utc_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    time.tzset()
    try:
        assert retry_after(time.asctime(time.gmtime(NOW + 90)), NOW) == 90.0
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.text())
def test_retry_after_takes_anything(value: str) -> None:
    seconds = retry_after(value, NOW)
    assert seconds is None or seconds >= 0


@given(st.integers(200, 999), st.dictionaries(st.sampled_from(["location", "retry-after", "content-type"]), st.text()),
       st.binary())  # fmt: skip
def test_any_answer_can_be_judged(status: int, headers: dict[str, str], body: bytes) -> None:
    judgement = judge(answer(status, headers=headers, answer=body), now=NOW)
    assert len(judgement.detail) <= DETAIL_CHARACTERS
    assert judgement.detail.isprintable()


class TestOverTheWire:
    """The same from a real answer."""

    @pytest.mark.parametrize(
        ("head", "verdict", "wait"),
        [
            (b"HTTP/1.1 200 OK\r\n", Verdict.DELIVERED, None),
            (b"HTTP/1.1 302 Found\r\nLocation: /x\r\n", Verdict.REJECTED, None),
            (b"HTTP/1.1 410 Gone\r\n", Verdict.REJECTED, None),
            (b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\n", Verdict.THROTTLED, 7.0),
            (b"HTTP/1.1 429 Slow\r\nRetry-After: " + formatdate(NOW + 30, usegmt=True).encode() + b"\r\n",
             Verdict.THROTTLED, 30.0),
            (b"HTTP/1.1 503 Busy\r\n", Verdict.FAILED, None),
        ],
    )  # fmt: skip
    def test_answer(self, bench: Any, serve: Any, head: bytes, verdict: Verdict, wait: float | None) -> None:
        def manner(call: Any) -> None:
            call.read()
            call.send(head + b"Content-Length: 0\r\n\r\n")

        judgement = judge(bench.send(serve(manner).url()), now=NOW)
        assert (judgement.verdict, judgement.retry_after) == (verdict, wait)
