"""Files of a release for a transfer that sends them: read beside the loop, for a store may be far away and slow.

Large ones wait for their turn, so that a drain with hundreds of transfers does not hold hundreds of videos in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from tasks.delivery.transfers.transfer import Answer, OurFault, Pool, Transfer

LARGE: Final = 4 * 1024 * 1024
"""Bytes from which on files of one transfer count as large."""
LARGE_ONES: Final = Pool("place for large files", 4)
"""What reads and sends large files."""


class Readable(Protocol):
    """A file that can be read."""

    @property
    def name(self) -> str:
        """What it is called, for people."""

    @property
    def read(self) -> Callable[[], bytes]:
        """Gives the content; raises OSError if the store does not."""


def content_of(file: Readable) -> bytes:
    """The content of a file of the release; raises OurFault if the store does not give it."""
    try:
        return file.read()
    except OSError as error:
        raise OurFault(f"{file.name} cannot be read from the store of media: {error}") from None


def pool_for(size: int) -> Pool | None:
    """The pool of a transfer that sends files with so many bytes together."""
    return LARGE_ONES if size > LARGE else None


def read_first(
    files: Sequence[Readable],
    make: Callable[[list[bytes], tuple[str, ...]], Transfer],
    *,
    key: Any,
    url: str,
    deadline: float,
    pool: Pool | None,
) -> Transfer:
    """A transfer that reads the files and is followed by what `make` makes of their contents, and of what is secret in
    the attempt.

    A file that cannot be read ends the attempt by our own fault. `url` says where it was to go, for logs. `pool`: that
    of what follows, which goes on in the place of this one.
    """
    contents: list[bytes] = []

    def work() -> str:
        contents.extend(map(content_of, files))
        return "read"

    def then(answer: Answer) -> Transfer | None:
        return make(contents, answer.transfer.secrets) if answer.error is None else None

    return Transfer(
        key=key, url=url, body=b"", deadline=deadline, work=work, group="media", decisive=False, then=then, pool=pool
    )
