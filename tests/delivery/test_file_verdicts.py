"""What servers of files and folders answer, and what that means. test_files_at_outlets.py has it from real ones."""

from __future__ import annotations

import base64
import errno
from collections.abc import Callable
from functools import cache
from typing import Any

import asyncssh
import pytest

from tasks.delivery import transports
from tasks.delivery.files.private_keys import key_file, unusable_key
from tasks.delivery.transfers.transfer import Answer, ErrorKind, Transfer
from tasks.delivery.transports import Transport, folder, ftp, s3, sftp
from tasks.model.codes import Code
from tasks.model.states import Verdict
from tests.support import samples

REPLY, LOGIN = ErrorKind.REPLY, ErrorKind.LOGIN


def answer(method: str = "POST", **fields: Any) -> Answer:
    """An answer in which nothing stands but these."""
    known: dict[str, Any] = {
        "transfer": Transfer(key=1, url="ftp://bote.example/a", body=b"x", deadline=1.0, method=method),
        "status": None, "error": None, "error_kind": None, "headers": {}, "answer": b"", "sent": False,
        "address": None, "started_at": 0.0, "seconds": 1.0, "connected": None,
    }  # fmt: skip
    return Answer(**(known | fields))


@pytest.mark.parametrize(
    ("status", "error", "kind", "verdict", "code"),
    [
        (250, None, None, Verdict.DELIVERED, "ftp_250"),
        (530, "530 Login incorrect.", LOGIN, Verdict.REJECTED, Code.LOGIN),
        (530, "530 Sorry, the maximum number of clients is reached.", REPLY, Verdict.THROTTLED, "ftp_530"),
        (421, "421 Too busy", LOGIN, Verdict.FAILED, "ftp_421"),
        (532, "532 Need account", REPLY, Verdict.REJECTED, Code.LOGIN),
        (425, "425 No data connection", REPLY, Verdict.FAILED, "ftp_425"),
        (426, "426 Broken pipe", REPLY, Verdict.FAILED, "ftp_426"),
        (451, "451 Local error", REPLY, Verdict.FAILED, "ftp_451"),
        (452, "452 Disk full", REPLY, Verdict.FAILED, Code.NO_SPACE),
        (552, "552 Quota", REPLY, Verdict.FAILED, Code.NO_SPACE),
        (550, "550 Permission denied", REPLY, Verdict.REJECTED, "ftp_550"),
        (553, "553 Name not allowed", REPLY, Verdict.REJECTED, "ftp_553"),
        (500, "500 AUTH not understood", REPLY, Verdict.REJECTED, "ftp_500"),
        (150, "connection closed while sending", ErrorKind.RESET, Verdict.FAILED, Code.CONNECTION_RESET),
        (None, "connection refused", ErrorKind.REFUSED, Verdict.FAILED, Code.CONNECTION_REFUSED),
        (234, "TLS: self-signed", ErrorKind.TLS, Verdict.FAILED, Code.TLS),
        (None, "address refused", ErrorKind.BLOCKED, Verdict.BLOCKED, Code.REFUSED_ADDRESS),
    ],
)
def test_ftp(status: int | None, error: str | None, kind: ErrorKind | None, verdict: Verdict, code: str) -> None:
    judgement = ftp.judge(answer(status=status, error=error, error_kind=kind), 0.0)
    assert (judgement.verdict, judgement.code) == (verdict, code)


@pytest.mark.parametrize(
    ("status", "error", "kind", "verdict", "code"),
    [
        (550, "550 No such file", REPLY, Verdict.DELIVERED, Code.DONE),
        (213, None, None, Verdict.REJECTED, Code.NO_PERMISSION),
        (421, "421 Bye", REPLY, Verdict.FAILED, "ftp_421"),
        (None, "timed out", ErrorKind.TIMEOUT, Verdict.FAILED, Code.TIMEOUT),
    ],
)
def test_ftp_after_a_removal(
    status: int | None, error: str | None, kind: ErrorKind | None, verdict: Verdict, code: str
) -> None:
    judgement = ftp.judge(answer(ftp.LOOK, status=status, error=error, error_kind=kind), 0.0)
    assert (judgement.verdict, judgement.code) == (verdict, code)


@pytest.mark.parametrize(
    ("error", "kind", "verdict", "code"),
    [
        (None, None, Verdict.DELIVERED, Code.DONE),
        ("Upload failed: Permission denied (3/-31)", REPLY, Verdict.REJECTED, Code.NO_PERMISSION),
        ("Upload failed: No such file or directory (2/-31)", REPLY, Verdict.REJECTED, Code.NO_FOLDER),
        ("Upload failed: Disk full (14/-31)", REPLY, Verdict.FAILED, Code.NO_SPACE),
        ("Upload failed: User quota exceeded (15/-31)", REPLY, Verdict.FAILED, Code.NO_SPACE),
        ('rename "a" to "b" failed: Operation failed', REPLY, Verdict.FAILED, Code.SERVER_REPLY),
        ("the conversation broke (Error in the SSH layer)", ErrorKind.OTHER, Verdict.FAILED, Code.SERVER_REPLY),
        ("not the pinned one", ErrorKind.HOST_KEY, Verdict.REJECTED, Code.HOST_KEY),
        ("not this password", LOGIN, Verdict.REJECTED, Code.LOGIN),
    ],
)
def test_sftp(error: str | None, kind: ErrorKind | None, verdict: Verdict, code: str) -> None:
    judgement = sftp.judge(answer(status=0, error=error, error_kind=kind), 0.0)
    assert (judgement.verdict, judgement.code, judgement.status) == (verdict, code, None)


def test_sftp_after_a_removal() -> None:
    missing = answer("REMOVE", error='rm "a" failed: No such file or directory', error_kind=REPLY)
    assert sftp.judge(missing, 0.0).verdict is Verdict.DELIVERED


@pytest.mark.parametrize(
    ("status", "name", "verdict", "code"),
    [
        (200, None, Verdict.DELIVERED, "http_200"),
        (403, "SignatureDoesNotMatch", Verdict.REJECTED, Code.LOGIN),
        (403, "InvalidAccessKeyId", Verdict.REJECTED, Code.LOGIN),
        (403, "AccessDenied", Verdict.REJECTED, "http_403"),
        (403, "RequestTimeTooSkewed", Verdict.OURS, "http_403"),
        (403, "QuotaExceeded", Verdict.FAILED, Code.NO_SPACE),
        (404, "NoSuchBucket", Verdict.REJECTED, "http_404"),
        (409, "OperationAborted", Verdict.FAILED, "http_409"),
        (400, "RequestTimeout", Verdict.FAILED, "http_400"),
        (503, "SlowDown", Verdict.THROTTLED, "http_503"),
        (503, None, Verdict.FAILED, "http_503"),
        (507, None, Verdict.FAILED, Code.NO_SPACE),
        (301, "PermanentRedirect", Verdict.REJECTED, Code.REDIRECT),
        (410, None, Verdict.REJECTED, "http_410"),
    ],
)
def test_s3(status: int, name: str | None, verdict: Verdict, code: str) -> None:
    body = f"<?xml version='1.0'?><Error><Code>{name}</Code><Message>So it is.</Message></Error>" if name else ""
    judgement = s3.judge(answer(status=status, answer=body.encode(), sent=True), 0.0)
    assert (judgement.verdict, judgement.code, judgement.disable_outlet) == (verdict, code, False)
    assert name is None or judgement.detail == f"{status} {name}: So it is."


@pytest.mark.parametrize(
    ("number", "verdict", "code"),
    [
        (errno.ENOSPC, Verdict.FAILED, Code.NO_SPACE),
        (errno.EDQUOT, Verdict.FAILED, Code.NO_SPACE),
        (errno.EACCES, Verdict.REJECTED, Code.NO_PERMISSION),
        (errno.EROFS, Verdict.REJECTED, Code.NO_PERMISSION),
        (errno.ENOENT, Verdict.FAILED, Code.NO_FOLDER),
        (errno.EIO, Verdict.FAILED, Code.LOCAL_WORK),
    ],
)
def test_a_folder(number: int, verdict: Verdict, code: str) -> None:
    judgement = folder.judge(answer(error="so it is", error_kind=ErrorKind.WORK, os_error=number), 0.0)
    assert (judgement.verdict, judgement.code) == (verdict, code)


ENCRYPTED = b"-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n-----END OPENSSH PRIVATE KEY-----" % base64.b64encode(
    b"openssh-key-v1\0\0\0\0\x0aaes256-ctr\0\0\0\x06bcrypt"
)


@cache
def key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


@cache
def elder() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-rsa", key_size=2048)


KEYS: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "of OpenSSH": (lambda: key().export_private_key(), None),
    "of PKCS 1": (lambda: elder().export_private_key("pkcs1-pem"), None),
    "of PKCS 8": (lambda: elder().export_private_key("pkcs8-pem"), None),
    "of OpenSSH, encrypted": (lambda: ENCRYPTED, "with a passphrase"),
    "of PKCS 1, encrypted": (lambda: elder().export_private_key("pkcs1-pem", passphrase="geheim"), "with a passphrase"),
    "of PKCS 8, encrypted": (lambda: elder().export_private_key("pkcs8-pem", passphrase="geheim"), "with a passphrase"),
    "a public key": (lambda: key().export_public_key(), "is no private key"),
    "cut off": (lambda: key().export_private_key()[:100], "is no private key"),
}


@pytest.mark.parametrize("name", KEYS)
def test_which_private_keys_can_be_used(name: str) -> None:
    export, says = KEYS[name]
    found = unusable_key(export().decode())
    assert found is says if says is None else says in (found or "")


def test_a_private_key_is_a_file_in_memory_only() -> None:
    path = key_file("geheim")
    assert key_file("geheim") is path
    with open(path) as file:  # noqa: PTH123, not a path for more than this process
        assert file.read() == "geheim\n"
    assert path.startswith("/proc/self/fd/")


@pytest.mark.parametrize(("sent", "verdict"), [(True, Verdict.UNSURE), (False, Verdict.FAILED)])
def test_a_transport_that_breaks_over_an_answer_costs_one_delivery(
    sent: bool, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RecursionError

    monkeypatch.setattr(transports, "by_scheme", lambda: {"https": Transport(schemes=(), prepare=broken, judge=broken)})
    judgement = transports.judge(samples.outlet(url="https://a.example/"), answer(sent=sent), 0.0)
    assert (judgement.verdict, judgement.code) == (verdict, Code.UNFINISHED)
