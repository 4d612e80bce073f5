"""FTP: a file for each delivery in a folder of an FTP server, over TLS unless the outlet's document says otherwise.

| reply of the server | verdict | why |
|---|---|---|
| none that is an error | delivered | the file has its name |
| 530, 532, 332 | rejected, `login` | somebody must correct user or password |
| 530 that speaks of too many | throttled | so do many servers answer when all their places are taken |
| 421, 425, 426, 450, 451 and other 4xx | failed | may work later |
| 452, 552 | failed, `no_space` | its disk or quota is full |
| other 5xx (550: no permission, no such folder) | rejected | the same will not be liked later either |
| connection, TLS, deadline | as over HTTP (tasks/delivery/verdicts.py) | |

The address policy is asked for the connection of the data too, and whatever address the server names for it, the host
that was dialled is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, Literal

import pycurl
from pydantic import Field

from tasks.delivery.certificates import certificate_options
from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.files.file_options import FolderOptions
from tasks.delivery.files.file_plan import FileToWrite, plan
from tasks.delivery.files.file_server import QUIET, Session, check_server, folder_and_leaf, place_of, temporary
from tasks.delivery.files.steps import Step, in_order
from tasks.delivery.transfers.transfer import Answer, ErrorKind, Transfer
from tasks.delivery.transports import Transport, options_of
from tasks.delivery.verdicts import Judgement, judge_failure, judge_outcome
from tasks.model.codes import Code, reply_code
from tasks.model.documents import Document
from tasks.model.outlet import Outlet
from tasks.model.states import Verdict
from tasks.runtime.secrets import resolve

LOGIN_REPLIES: Final = frozenset({332, 530, 532})
FULL_REPLIES: Final = frozenset({452, 552})
NOT_RENAMED: Final = frozenset({450, 451, 550, 553})
"""What servers answer that rename to no name which a file has already."""
TOO_MANY: Final = re.compile(r"\b(too many|maximum|limit)", re.IGNORECASE)
LOOK: Final = "LOOK"
"""The method of a transfer that only looks whether a file is still there."""


class FtpOptions(FolderOptions):
    """What an outlet may say about FTP."""

    tls: Literal["required", "none"] = Field("required", examples=["none"])
    """required: user, password and files go over TLS, for which `ftp://` asks by AUTH TLS · none: everybody on the way
    can read them. `ftps://` has TLS from the first byte on, whatever stands here."""


Then = Callable[[Answer], Transfer | None]


def prepare(outlet: Outlet, request: DeliveryRequest, *, key: Any, deadline: float, now: float) -> Transfer:
    """Make the transfers of one attempt; raises SecretMissing. See `tasks.delivery.transports.Prepare`."""
    options = options_of(outlet, FtpOptions)
    place = place_of(outlet.url)
    password = resolve(outlet.auth.secret or "") if outlet.auth.type == "password" else None
    certificate, its_secrets = certificate_options(outlet.auth.certificate) if outlet.auth.certificate else ((), ())
    session = Session(
        key=key,
        deadline=deadline,
        place=place,
        options=(
            *_session_options(place.user, password, options, implicit=place.url.startswith("ftps:")),
            *certificate,
        ),
        secrets=(*its_secrets, *((password,) if password else ())),
    )
    files = plan(request, options, now)
    steps = [step for file in files.written for step in _writing(session, file)]
    return in_order([*steps, *_removing(session, files.removed)], _went_well)


def _session_options(
    user: str | None, password: str | None, options: FtpOptions, *, implicit: bool
) -> tuple[tuple[int, Any], ...]:
    tls = implicit or options.tls == "required"
    found: list[tuple[int, Any]] = [
        (pycurl.USE_SSL, pycurl.USESSL_ALL if tls else pycurl.USESSL_NONE),
        (pycurl.FTPSSLAUTH, pycurl.FTPAUTH_TLS),
        (pycurl.FTP_CREATE_MISSING_DIRS, int(options.make_folders)),
    ]
    if user or password:
        found += [(pycurl.USERNAME, user or "anonymous"), (pycurl.PASSWORD, password or "")]
    return tuple(found)


def _writing(session: Session, file: FileToWrite) -> list[Step]:
    """Write a file under its temporary name, and rename it when all of it is there."""
    folder, leaf = folder_and_leaf(file.name)
    rename = [f"RNFR {temporary(leaf)}", f"RNTO {leaf}"]
    instead = partial(_removed_first, partial(_commands, session, folder, [f"*DELE {leaf}", *rename], file.decisive))
    return [
        partial(session.write, file, folder + temporary(leaf)),
        partial(_commands, session, folder, rename, file.decisive, then=instead),
    ]


def _removed_first(rename: Step, answer: Answer) -> Transfer | None:
    """What follows when a server does not rename to the name of a file that it has: that file is removed first."""
    refused = answer.error_kind is ErrorKind.REPLY and answer.status in NOT_RENAMED
    return rename() if refused else None


def _commands(session: Session, folder: str, commands: list[str], decisive: bool, then: Then | None = None) -> Transfer:
    """Only say something in a folder. A command with `*` before it may fail."""
    return session.transfer(folder, options=(*QUIET, (pycurl.POSTQUOTE, commands)), decisive=decisive, then=then)


def _removing(session: Session, removed: Sequence[str]) -> list[Step]:
    """Remove files, and then look whether they are gone: a server has one reply for a file that it does not have and
    for one that it does not let us remove."""
    leaves: dict[str, list[str]] = {}
    for name in removed:
        folder, leaf = folder_and_leaf(name)
        leaves.setdefault(folder, []).append(leaf)
    steps: list[Step] = [
        partial(_commands, session, folder, [f"*DELE {leaf}" for leaf in found], True)
        for folder, found in leaves.items()
    ]
    return steps + [partial(session.transfer, name, method=LOOK, options=QUIET) for name in removed]


def _went_well(answer: Answer) -> bool:
    return judge(answer, 0.0).verdict is Verdict.DELIVERED


def judge(answer: Answer, now: float) -> Judgement:
    """The verdict on what came of a transfer over FTP."""
    status = answer.status
    if answer.transfer.method == LOOK:
        return _judge_look(answer, now)
    if answer.error is None:
        code = reply_code("ftp", status) if status else Code.DONE
        return replace(judge_outcome(answer, now), status=status, code=code)
    if answer.error_kind not in (ErrorKind.REPLY, ErrorKind.LOGIN) or not status:
        return replace(judge_failure(answer), status=None)
    verdict, code = Verdict.FAILED if status < 500 else Verdict.REJECTED, reply_code("ftp", status)
    if status == 530 and TOO_MANY.search(answer.error):
        verdict = Verdict.THROTTLED
    elif status in LOGIN_REPLIES:
        verdict, code = Verdict.REJECTED, Code.LOGIN
    elif status in FULL_REPLIES:
        verdict, code = Verdict.FAILED, Code.NO_SPACE
    return replace(judge_failure(answer), verdict=verdict, code=code)


def _judge_look(answer: Answer, now: float) -> Judgement:
    """The verdict on a removal: delivered once the server says that the file is not there."""
    if answer.error is None:
        found = judge_outcome(answer, now)
        detail = "the server does not let the file be removed"
        return replace(found, verdict=Verdict.REJECTED, detail=detail, code=Code.NO_PERMISSION)
    if answer.error_kind is ErrorKind.REPLY and answer.status == 550:
        found = judge_failure(answer)
        return replace(found, verdict=Verdict.DELIVERED, detail="the file is removed", code=Code.DONE)
    return judge(replace(answer, transfer=replace(answer.transfer, method="POST")), now)


def _exposes(url: str, options: Document) -> bool:
    return url.startswith("ftp:") and isinstance(options, FtpOptions) and options.tls == "none"


TRANSPORT = Transport(
    schemes=("ftp", "ftps"),
    prepare=prepare,
    check_url=check_server,
    ignores=("signing_secret", "headers"),
    judge=judge,
    options=FtpOptions,
    auth=("none", "password"),
    exposes=_exposes,
)
