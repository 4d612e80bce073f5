"""Why a transfer failed: libcurl's error codes in our words, and the kind of error that a verdict is made from."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from typing import Final

import pycurl

from tasks.delivery.transfers.transfer import ErrorKind

TEXT_CHARACTERS: Final = 100
"""So much of libcurl's own text is shown, where it can hold no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How far a transfer had come when libcurl gave it up."""

    code: int
    """libcurl's, CURLE_…"""
    text: str
    """libcurl's own."""
    seconds: float
    """Since the transfer was started."""
    begun: bool
    """Some of the request went out, so the connection stood."""
    sent: bool
    """All of it did."""
    status: int
    """Of the answer, 0 if none came."""
    answered: bool
    """All headers of the answer were read."""
    dialled: str | None
    """The last address that was dialled."""
    refused: str | None
    """The last address that the policy refused."""
    no_socket: str | None
    """Why no socket could be opened."""
    connected: bool
    """TCP was, so what is missing is TLS."""
    os_error: int
    """The number of the system's last error, 0 if there was none."""
    http: bool = True
    """Whether HTTP was spoken."""
    ssh: bool = False
    """Whether SSH was."""
    said: str = ""
    """The last line that a server of files or mail said, without secrets."""


def explain(failure: Failure) -> tuple[str, ErrorKind]:
    """Why a transfer failed, in short words without secrets, and the kind of its error."""
    code = failure.code
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return f"timed out after {failure.seconds:.3g} s {_phase(failure)}", ErrorKind.TIMEOUT
    if code == pycurl.E_USE_SSL_FAILED:
        said = failure.said or failure.text[:TEXT_CHARACTERS] or "it says nothing of it"
        return f"TLS: the server does not begin it ({said})", ErrorKind.TLS
    if not failure.http and (refused := _refused(failure)):
        return refused
    if code in _RESETS and _CERTIFICATE_ALERT.search(failure.text):  # TLS 1.3 says so after the request was sent
        return f"TLS: {failure.text[:160]}", ErrorKind.TLS
    if code in _RESETS or (code == pycurl.E_OK and failure.status):  # E_OK: closed within the headers
        return f"connection closed {_phase(failure)}", ErrorKind.RESET
    if code in _TLS:
        return f"TLS: {failure.text[:160] or 'failed'}", ErrorKind.TLS
    if code == pycurl.E_COULDNT_RESOLVE_HOST:
        return "the host name cannot be resolved", ErrorKind.RESOLVE
    if failure.no_socket is not None:
        return f"no socket: {failure.no_socket}", ErrorKind.OURS
    if code == pycurl.E_COULDNT_CONNECT:
        return _not_connected(failure)
    if failure.begun and not failure.http:
        return f"the conversation broke ({failure.text[:TEXT_CHARACTERS] or code})", ErrorKind.OTHER
    if failure.begun:
        return f"the answer is not HTTP ({failure.text[:TEXT_CHARACTERS] or code})", ErrorKind.OTHER
    return f"cannot be sent: {failure.text[:TEXT_CHARACTERS] or code}", ErrorKind.OURS


def _refused(failure: Failure) -> tuple[str, ErrorKind] | None:
    """What a server of files or mail said no to; None if it did not say no."""
    if failure.code == pycurl.E_LOGIN_DENIED:
        return "the server does not take the user with this password or key", ErrorKind.LOGIN
    if failure.code == pycurl.E_PEER_FAILED_VERIFICATION and failure.ssh:
        return _other_host_key(failure.text), ErrorKind.HOST_KEY
    if failure.code in _REPLIES or failure.status >= 400:
        # All of libcurl's text, at most 255 characters: of SFTP it names the file first, and then what is wrong.
        said = failure.said or failure.text or f"refused ({failure.code})"
        command = _REFUSED_COMMAND.match(failure.text)
        return f"{command[1]}: {said}" if command else said, ErrorKind.REPLY
    return None


def _other_host_key(text: str) -> str:
    """What is wrong with the key that an SSH server showed, which stands in libcurl's own text."""
    shown = _SHOWN_KEY.search(text)
    key = f"SHA256:{shown[1].rstrip('=')}" if shown else "another"
    return f"the server's host key is {key} and not the pinned one; it may be another server"


def explain_refusal(error: Exception) -> str:
    """Why libcurl did not even take a transfer. The exception's own text may quote a header, and with it a secret."""
    if isinstance(error, UnicodeError):
        return "URL or a header is not ASCII"
    if isinstance(error, pycurl.error):
        return f"libcurl refused it ({error.args[0]})" if error.args else "libcurl refused it"
    return "a header holds a line break" if isinstance(error, ValueError) else "URL or a header is of the wrong type"


def _not_connected(failure: Failure) -> tuple[str, ErrorKind]:
    if failure.refused is not None and failure.dialled is None:
        return f"address {failure.refused} is refused; FANWIRE_ALLOWED_NETWORKS may allow it", ErrorKind.BLOCKED
    if failure.os_error == errno.EADDRNOTAVAIL and failure.dialled and ":" not in failure.dialled:
        return "no local port is free", ErrorKind.OURS  # for IPv6 the same number means that we have none
    kind = ErrorKind.REFUSED if failure.os_error == errno.ECONNREFUSED else ErrorKind.CONNECT
    return os.strerror(failure.os_error).lower() if failure.os_error else "cannot connect", kind


def _phase(failure: Failure) -> str:
    """In which part of the conversation it ended."""
    if failure.answered:
        return "within the answer's body"
    if failure.sent:
        return "within the answer's headers" if failure.status else "waiting for the answer"
    if failure.begun:
        return "while sending"
    if failure.dialled is None:
        return "before dialling"
    return "in the TLS handshake" if failure.connected else "connecting"


_SHOWN_KEY: Final = re.compile(r"Remote ([A-Za-z0-9+/]{43}=?) is not equal")
_RESETS: Final = frozenset({
    pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR, pycurl.E_GOT_NOTHING, pycurl.E_PARTIAL_FILE, pycurl.E_SEND_FAIL_REWIND,
    pycurl.E_HTTP2, 92,  # the connection, and a stream of it, over HTTP/2; pycurl has no name for the second
})  # fmt: skip
_CERTIFICATE_ALERT: Final = re.compile(r"alert (?:.*certificate|unknown ca|access denied|handshake failure)")
"""How a server says that it wants another certificate of ours, or one at all: it has read nothing of the request."""
_REPLIES: Final = frozenset({
    pycurl.E_REMOTE_ACCESS_DENIED, pycurl.E_UPLOAD_FAILED, pycurl.E_QUOTE_ERROR, pycurl.E_REMOTE_DISK_FULL,
    pycurl.E_REMOTE_FILE_EXISTS, pycurl.E_REMOTE_FILE_NOT_FOUND, pycurl.E_FTP_COULDNT_SET_TYPE,
})  # fmt: skip
"""What servers of files and mail answer with a reply of theirs."""
_REFUSED_COMMAND: Final = re.compile(r"(MAIL|RCPT|DATA) failed: ")
"""How libcurl names the command that a mail server refused; its verdict depends on that (transports/smtp.py)."""
_TLS: Final = frozenset({
    pycurl.E_SSL_CONNECT_ERROR, pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_SSL_CIPHER, pycurl.E_SSL_ISSUER_ERROR,
    pycurl.E_SSL_CERTPROBLEM, pycurl.E_SSL_INVALIDCERTSTATUS, pycurl.E_USE_SSL_FAILED,
})  # fmt: skip
