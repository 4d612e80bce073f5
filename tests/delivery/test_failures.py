"""libcurl's error codes in our words, as a table."""

from __future__ import annotations

import errno
from typing import Any

import pycurl
import pytest

from tasks.delivery.transfers.failures import Failure, explain, explain_refusal
from tasks.delivery.transfers.transfer import ErrorKind

REFUSED = "address 10.0.0.1 is refused; FANWIRE_ALLOWED_NETWORKS may allow it"


def failure(code: int, **changes: Any) -> Failure:
    """One of which nothing is known but the code."""
    fields: dict[str, Any] = {
        "text": "", "seconds": 2.0, "begun": False, "sent": False, "status": 0, "answered": False, "dialled": None,
        "refused": None, "no_socket": None, "connected": False, "os_error": 0,
    }  # fmt: skip
    return Failure(code=code, **(fields | changes))


@pytest.mark.parametrize(
    ("code", "seen", "text", "kind"),
    [
        (pycurl.E_COULDNT_RESOLVE_HOST, {}, "the host name cannot be resolved", ErrorKind.RESOLVE),
        (pycurl.E_PEER_FAILED_VERIFICATION, {"text": "it expired"}, "TLS: it expired", ErrorKind.TLS),
        (pycurl.E_SSL_CONNECT_ERROR, {}, "TLS: failed", ErrorKind.TLS),
        (pycurl.E_USE_SSL_FAILED, {"http": False, "status": 500, "said": "500 AUTH?"},
         "TLS: the server does not begin it (500 AUTH?)", ErrorKind.TLS),
        (pycurl.E_COULDNT_CONNECT, {"os_error": errno.ECONNREFUSED}, "connection refused", ErrorKind.REFUSED),
        (pycurl.E_COULDNT_CONNECT, {}, "cannot connect", ErrorKind.CONNECT),
        (pycurl.E_COULDNT_CONNECT, {"refused": "10.0.0.1"}, REFUSED, ErrorKind.BLOCKED),
        (pycurl.E_COULDNT_CONNECT, {"refused": "10.0.0.1", "dialled": "1.1.1.1", "os_error": errno.ETIMEDOUT},
         "connection timed out", ErrorKind.CONNECT),
        (pycurl.E_COULDNT_CONNECT, {"dialled": "1.1.1.1", "os_error": errno.EADDRNOTAVAIL}, "no local port is free",
         ErrorKind.OURS),
        (pycurl.E_COULDNT_CONNECT, {"dialled": "2606::1", "os_error": errno.EADDRNOTAVAIL},
         "cannot assign requested address", ErrorKind.CONNECT),
        (pycurl.E_COULDNT_CONNECT, {"no_socket": "too many open files"}, "no socket: too many open files",
         ErrorKind.OURS),
        (pycurl.E_UNSUPPORTED_PROTOCOL, {"text": "no such"}, "cannot be sent: no such", ErrorKind.OURS),
        (pycurl.E_UNSUPPORTED_PROTOCOL, {}, "cannot be sent: 1", ErrorKind.OURS),
        (pycurl.E_UNSUPPORTED_PROTOCOL, {"begun": True, "text": "HTTP/0.9"}, "the answer is not HTTP (HTTP/0.9)",
         ErrorKind.OTHER),
        (pycurl.E_OK, {"begun": True, "sent": True, "status": 200}, "connection closed within the answer's headers",
         ErrorKind.RESET),
    ],
)  # fmt: skip
def test_each_code(code: int, seen: dict[str, Any], text: str, kind: ErrorKind) -> None:
    assert explain(failure(code, **seen)) == (text, kind)


@pytest.mark.parametrize(
    ("seen", "phase"),
    [
        ({}, "before dialling"),
        ({"dialled": "1.1.1.1"}, "connecting"),
        ({"dialled": "1.1.1.1", "connected": True}, "in the TLS handshake"),
        ({"begun": True, "dialled": "1.1.1.1"}, "while sending"),
        ({"begun": True, "sent": True}, "waiting for the answer"),
        ({"begun": True, "sent": True, "status": 100}, "within the answer's headers"),
        ({"begun": True, "sent": True, "status": 200, "answered": True}, "within the answer's body"),
    ],
)
def test_each_phase(seen: dict[str, Any], phase: str) -> None:
    assert explain(failure(pycurl.E_OPERATION_TIMEDOUT, **seen)) == (f"timed out after 2 s {phase}", ErrorKind.TIMEOUT)
    assert explain(failure(pycurl.E_RECV_ERROR, **seen)) == (f"connection closed {phase}", ErrorKind.RESET)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("Authorization: Bearer geheim"), "a header holds a line break"),
        (TypeError("geheim"), "URL or a header is of the wrong type"),
        (pycurl.error(43, "geheim"), "libcurl refused it (43)"),
        (pycurl.error(), "libcurl refused it"),
        (UnicodeEncodeError("ascii", "geheim ü", 7, 8, "geheim"), "URL or a header is not ASCII"),
    ],
)
def test_what_libcurl_does_not_even_take_is_told_without_the_exceptions_own_text(error: Exception, text: str) -> None:
    assert explain_refusal(error) == text
