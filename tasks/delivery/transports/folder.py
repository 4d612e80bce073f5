"""A folder: a file for each delivery in a folder of this machine, or of a share that is mounted here.

Only folders below those that the operator allows (`FANWIRE_DELIVERY_FOLDERS`) are written to, and what is a link out of
them is refused at each attempt. A file is on the disk, under its name, before the delivery counts.

| what happened | verdict | why |
|---|---|---|
| the file has its name | delivered | |
| the folder is not allowed, or leads out of those that are | blocked, `refused_folder` | |
| no permission, read-only | rejected, `no_permission` | |
| a folder is missing | failed, `no_folder` | its share may be mounted again |
| disk full, quota exceeded | failed, `no_space` | |
| anything else | failed, `local_work` | |
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.files.file_options import FolderOptions
from tasks.delivery.files.file_plan import Plan, plan
from tasks.delivery.files.file_server import temporary
from tasks.delivery.read_first import content_of
from tasks.delivery.transfers.local_work import stop_if_given_up
from tasks.delivery.transfers.transfer import Answer, Transfer, WorkFailed
from tasks.delivery.transports import Transport, options_of
from tasks.delivery.verdicts import Judgement, judge_outcome
from tasks.model.codes import Code
from tasks.model.outlet import Outlet
from tasks.model.states import Verdict
from tasks.runtime.delivery_folders import refused_folder

FILE_MODE: Final = 0o664
"""Who may read and write a file, less what the umask of the worker takes away."""
FOLDER_MODE: Final = 0o775

_BY_ERROR: Final = MappingProxyType({
    errno.EACCES: (Verdict.REJECTED, Code.NO_PERMISSION),
    errno.EPERM: (Verdict.REJECTED, Code.NO_PERMISSION),
    errno.EROFS: (Verdict.REJECTED, Code.NO_PERMISSION),
    errno.ENOENT: (Verdict.FAILED, Code.NO_FOLDER),
    errno.ENOTDIR: (Verdict.FAILED, Code.NO_FOLDER),
    errno.ENOSPC: (Verdict.FAILED, Code.NO_SPACE),
    errno.EDQUOT: (Verdict.FAILED, Code.NO_SPACE),
    errno.ELOOP: (Verdict.BLOCKED, Code.REFUSED_FOLDER),  # a link stands where a subfolder should
    errno.EXDEV: (Verdict.BLOCKED, Code.REFUSED_FOLDER),  # what `_refuse` says
})  # fmt: skip


def prepare(outlet: Outlet, request: DeliveryRequest, *, key: Any, deadline: float, now: float) -> Transfer:
    """Make the work of one attempt. See `tasks.delivery.transports.Prepare`."""
    options = options_of(outlet, FolderOptions)
    folder = folder_of(outlet.url)
    work = partial(put, folder, plan(request, options, now), make_folders=options.make_folders)
    return Transfer(key=key, url=outlet.url, body=b"", deadline=deadline, work=work)


def folder_of(url: str) -> Path:
    """The folder that a URL names."""
    return Path(unquote(urlsplit(url).path))


def put(folder: Path, files: Plan, *, make_folders: bool) -> str:
    """Write the files of a delivery and remove the others; returns what was done, for people. Raises WorkFailed."""
    try:
        with _opened(folder, make=make_folders) as root:
            for file in files.written:
                with _below(root, file.name, make=make_folders) as (parent, leaf):
                    _write(parent, leaf, content_of(file))
            stop_if_given_up()
            removed = sum(_remove(root, name) for name in files.removed)
    except OSError as error:
        raise WorkFailed(f"{folder}: {_why(error)}", error.errno or 0) from None
    if files.written:
        return f"written to {files.written[-1].name}" + (f", {removed} older removed" if removed else "")
    return f"{removed} removed" if removed else "nothing was there to be removed"


def _why(error: OSError) -> str:
    """What the system says, and what may be done about it."""
    said = (error.strerror or "cannot be written").lower()
    return f"{said}; make the folder, mount it, or set make_folders" if error.errno == errno.ENOENT else said


@contextmanager
def _opened(folder: Path, *, make: bool) -> Iterator[int]:
    """The descriptor of the outlet's folder. Asked is where it really is, which nothing can change any more."""
    if make:
        real = folder.resolve()
        _refuse(real)
        real.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _refuse(Path(f"/proc/self/fd/{descriptor}").readlink())
        yield descriptor
    finally:
        os.close(descriptor)


def _refuse(folder: Path) -> None:
    if why := refused_folder(folder):
        raise WorkFailed(f"{folder} {why}", errno.EXDEV)


@contextmanager
def _below(root: int, name: str, *, make: bool) -> Iterator[tuple[int, str]]:
    """The descriptor of the folder of a name, and the name in it. No link on the way is followed."""
    *folders, leaf = name.split("/")
    current = os.dup(root)
    try:
        for folder in folders:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(folder, FOLDER_MODE, dir_fd=current)
            deeper = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=current)
            os.close(current)
            current = deeper
        yield current, leaf
    finally:
        os.close(current)


def _write(parent: int, leaf: str, content: bytes) -> None:
    """Put a file into a folder as a whole: under another name, on the disk, renamed, and the name on the disk."""
    part = temporary(leaf)
    with suppress(FileNotFoundError):
        os.unlink(part, dir_fd=parent)  # of an attempt that was cut, or a link that somebody has put there
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(part, flags, FILE_MODE, dir_fd=parent), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            stop_if_given_up()  # else it could take the place of what a newer version has written meanwhile
        os.rename(part, leaf, src_dir_fd=parent, dst_dir_fd=parent)
    except OSError:
        with suppress(OSError):
            os.unlink(part, dir_fd=parent)
        raise
    os.fsync(parent)


def _remove(root: int, name: str) -> bool:
    """Whether a file was there that is now removed."""
    try:
        with _below(root, name, make=False) as (parent, leaf):
            os.unlink(leaf, dir_fd=parent)
            os.fsync(parent)
    except FileNotFoundError:
        return False
    return True


def judge(answer: Answer, now: float) -> Judgement:
    """The verdict on what came of writing to a folder."""
    judgement = judge_outcome(answer, now)
    verdict, code = _BY_ERROR.get(answer.os_error, (judgement.verdict, judgement.code))
    return replace(judgement, verdict=verdict, code=code)


def check_url(url: str) -> None:
    """Raise ValueError that says why a URL names no folder that may be written to."""
    parts = urlsplit(url)
    if parts.netloc or not parts.path.startswith("/"):
        raise ValueError("must be file:///folder/, with three slashes and the whole path of a folder of this machine")
    if parts.query or parts.fragment or not unquote(parts.path).isprintable():
        raise ValueError("must end with a folder, without '?', '#' and control characters")
    if why := refused_folder(folder_of(url)):
        raise ValueError(why)


def host(url: str) -> str:
    """The folder itself: others of this machine are well when one is full."""
    return f"file:{url.partition('//')[2].rstrip('/')}"


TRANSPORT = Transport(
    schemes=("file",),
    prepare=prepare,
    check_url=check_url,
    host=host,
    ignores=("signing_secret", "certificate", "headers"),
    judge=judge,
    options=FolderOptions,
    auth=("none",),
)
