"""Files of a release for a transfer that sends them: read beside the loop, for a store may be far away and slow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tasks.delivery.transfers.transfer import Answer, OurFault, Transfer
from tasks.model.media import MediaFile


def read_first(
    files: Sequence[MediaFile],
    make: Callable[[list[bytes], tuple[str, ...]], Transfer],
    *,
    key: Any,
    url: str,
    deadline: float,
) -> Transfer:
    """A transfer that reads the files and is followed by what `make` makes of their contents, and of what is secret in
    the attempt.

    A file that cannot be read ends the attempt by our own fault. `url` says where it was to go, for logs.
    """
    contents: list[bytes] = []

    def work() -> str:
        for file in files:
            try:
                contents.append(file.read())
            except OSError as error:
                raise OurFault(f"{file.name} cannot be read from the store of media: {error}") from None
        return "read"

    def then(answer: Answer) -> Transfer | None:
        return make(contents, answer.transfer.secrets) if answer.error is None else None

    return Transfer(key=key, url=url, body=b"", deadline=deadline, work=work, decisive=False, then=then)
