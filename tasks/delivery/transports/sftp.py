"""SFTP: a file for each delivery in a folder of an SSH server, whose host key the outlet's document pins.

| the server says | verdict | why |
|---|---|---|
| nothing that is an error | delivered | the file has its name |
| another host key than the pinned one | rejected, `host_key` | it may be another server: somebody must look |
| it does not take the user with this password or key | rejected, `login` | somebody must correct them |
| permission denied, write protected | rejected, `no_permission` | |
| no such file or directory | rejected, `no_folder` | the folder has to be made, or `make_folders` set |
| disk full, quota exceeded | failed, `no_space` | |
| anything else | failed, `server_reply` | servers say `Operation failed` of nearly everything, full disks too |
| connection, deadline | as over HTTP (tasks/delivery/verdicts.py) | |

SFTP as servers speak it renames to no name that a file has, so that file is removed right before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import pycurl

from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.files.file_options import FolderOptions
from tasks.delivery.files.file_plan import FileToWrite, plan
from tasks.delivery.files.file_server import QUIET, Session, check_server, folder_and_leaf, place_of, temporary
from tasks.delivery.files.private_keys import key_file, unusable_key
from tasks.delivery.files.steps import Step, in_order
from tasks.delivery.transfers.transfer import Answer, ErrorKind, Transfer
from tasks.delivery.transports import NotPrepared, Transport, options_of
from tasks.delivery.verdicts import Judgement, judge_failure, judge_outcome
from tasks.model.codes import Code
from tasks.model.outlet import Outlet
from tasks.model.states import Verdict
from tasks.runtime.secrets import SecretMissing, resolve

HOME: Final = "/~/"
"""How a path in a URL begins that is below the user's home; any other is absolute."""
_REASONS: Final = (
    (re.compile(r"permission denied|write protected", re.IGNORECASE), Verdict.REJECTED, Code.NO_PERMISSION),
    (re.compile(r"no such file|not a directory", re.IGNORECASE), Verdict.REJECTED, Code.NO_FOLDER),
    (re.compile(r"disk full|quota exceeded", re.IGNORECASE), Verdict.FAILED, Code.NO_SPACE),
)
"""What libcurl says for the numbers of SFTP."""


def prepare(outlet: Outlet, request: DeliveryRequest, *, key: Any, deadline: float, now: float) -> Transfer:
    """Make the transfers of one attempt; raises SecretMissing and NotPrepared. See
    `tasks.delivery.transports.Prepare`."""
    options = options_of(outlet, FolderOptions)
    place = place_of(outlet.url)
    secret = resolve(outlet.auth.secret or "")
    session = Session(
        key=key,
        deadline=deadline,
        place=place,
        options=(
            *_identity(outlet, place.user or "", secret),
            (pycurl.FTP_CREATE_MISSING_DIRS, int(options.make_folders)),
        ),
        secrets=(secret,),
    )
    files = plan(request, options, now)
    steps = [step for file in files.written for step in _writing(session, file)]
    return in_order([*steps, *_removing(session, files.removed)], _went_well)


def _identity(outlet: Outlet, user: str, secret: str) -> tuple[tuple[int, Any], ...]:
    """Who the server must be, and who we are. Neither keys of an agent nor those in our home are ever tried."""
    auth = outlet.auth
    proof: tuple[tuple[int, Any], ...]
    if not auth.host_key:
        raise NotPrepared(f"outlet {outlet.id}: auth has no host_key, and SFTP goes to no server that is not pinned")
    pinned = (pycurl.SSH_HOST_PUBLIC_KEY_SHA256, auth.host_key.removeprefix("SHA256:"))
    if auth.type == "key":
        if why := unusable_key(secret):
            raise SecretMissing(auth.secret or "", why)
        proof = ((pycurl.SSH_AUTH_TYPES, pycurl.SSH_AUTH_PUBLICKEY), (pycurl.SSH_PRIVATE_KEYFILE, key_file(secret)))
    else:
        types = pycurl.SSH_AUTH_PASSWORD | pycurl.SSH_AUTH_KEYBOARD
        proof = ((pycurl.SSH_AUTH_TYPES, types), (pycurl.PASSWORD, secret))
    return (pinned, (pycurl.USERNAME, user), *proof)


def _writing(session: Session, file: FileToWrite) -> list[Step]:
    """Write a file under its temporary name, and rename it when all of it is there."""
    folder, leaf = folder_and_leaf(file.name)
    part, whole = _quoted(session, folder + temporary(leaf)), _quoted(session, file.name)
    rename = [f"*rm {whole}", f"rename {part} {whole}"]
    return [
        partial(session.write, file, folder + temporary(leaf)),
        partial(_commands, session, rename, decisive=file.decisive),
    ]


def _removing(session: Session, removed: Sequence[str]) -> list[Step]:
    return [partial(_commands, session, [f"rm {_quoted(session, name)}"], method="REMOVE") for name in removed]


def _commands(session: Session, commands: list[str], **fields: Any) -> Transfer:
    """Only say something. A command with `*` before it may fail."""
    return session.transfer("", options=(*QUIET, (pycurl.POSTQUOTE, commands)), **fields)


def _quoted(session: Session, name: str) -> str:
    """The path of a file as commands take it."""
    path = session.place.path + name
    path = path.removeprefix(HOME) if path.startswith(HOME) else path
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _went_well(answer: Answer) -> bool:
    return judge(answer, 0.0).verdict is Verdict.DELIVERED


def judge(answer: Answer, now: float) -> Judgement:
    """The verdict on what came of a transfer over SFTP."""
    answer = replace(answer, status=None)
    if answer.error is None:
        return judge_outcome(answer, now)
    judgement = judge_failure(answer)
    if answer.error_kind is ErrorKind.OTHER:
        detail = f"{answer.error}; the server's disk or quota may be full"
        return replace(judgement, code=Code.SERVER_REPLY, detail=detail)
    if answer.error_kind is not ErrorKind.REPLY:
        return judgement
    for said, verdict, code in _REASONS:
        if said.search(answer.error):
            judgement = replace(judgement, verdict=verdict, code=code)
    if judgement.code == Code.NO_FOLDER and answer.transfer.method == "REMOVE":
        return replace(judgement, verdict=Verdict.DELIVERED, detail="the file was not there any more", code=Code.DONE)
    return judgement


def check_url(url: str) -> None:
    """Raise ValueError that says why a URL names no folder of a user of an SFTP server."""
    check_server(url)
    if not urlsplit(url).username:
        raise ValueError("names no user: write it before the host, as in sftp://wire@bote.example/incoming/")


TRANSPORT = Transport(
    schemes=("sftp",),
    prepare=prepare,
    check_url=check_url,
    ignores=("signing_secret", "certificate", "headers"),
    judge=judge,
    options=FolderOptions,
    auth=("password", "key"),
    auth_needs={"host_key": "`fanwire outlets hostkey URL` prints it; ask the server's people whether it is theirs"},
)
