"""Producers: who may send releases, by the producers file or by a token (docs/producers.md).

The file names those who put signed releases on the queue, with their keys. The ledger names those who come to the door
of the web server, with their tokens (`fanwire producers`). A name may stand in both; then the rights in the file hold.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tasks.model.destinations import wrong_host
from tasks.model.documents import Document, DocumentRefused, load_yaml, read, unreadable
from tasks.model.rights import Rights
from tasks.model.values import WEB, Slug
from tasks.runtime.errors import Problem
from tasks.runtime.secrets import SecretReference

LARGEST_FILE = 1024 * 1024
"""Characters: a thousand producers need a tenth of it."""
REQUESTS_A_MINUTE = 600
"""Requests that a producer may make in a minute unless its document says another number."""


def _as_list(value: Any) -> Any:
    """One key may stand there without a list."""
    return [value] if isinstance(value, str) else value


def _dialable(url: str) -> str:
    if urlsplit(url).username is not None:
        raise ValueError("must hold no user and no password: the messages are signed")
    if why := wrong_host(url):
        raise ValueError(why)
    return url


Keys = Annotated[list[SecretReference], BeforeValidator(_as_list), Field(min_length=1, examples=[["env:ACME_KEY"]])]


class Producer(Rights):
    """One producer of the file: its keys, and what it may send."""

    keys: Keys
    """Where its keys are. A message signed with any of them is its own, so that keys can be changed."""


class Producers(Document):
    """The whole file."""

    producers: dict[Slug, Producer]


class DoorProducer(Rights):
    """One producer that comes to the door: what it may send, how fast it may ask, where it hears of its releases."""

    per_minute: int = Field(REQUESTS_A_MINUTE, ge=1, le=60_000)
    """Requests that the web servers together take of it in a minute."""
    webhook: Annotated[str, Field(pattern=WEB, max_length=2000), AfterValidator(_dialable)] | None = Field(
        None, examples=["https://acme.example/fanwire"]
    )
    """Where it hears that a release is finished, waits for a person, or was killed."""
    webhook_key: SecretReference | None = Field(None, examples=["env:FANWIRE_WEBHOOK_ACME"])
    """Where the secret is with which these messages are signed."""

    @model_validator(mode="after")
    def _key_belongs_to_a_webhook(self) -> Self:
        if (self.webhook is None) != (self.webhook_key is None):
            raise ValueError("webhook and webhook_key belong together: messages to a webhook are always signed")
        return self


def read_producers(path: Path) -> Producers:
    """The file at `path` as it stands now; raises DocumentRefused: field and fault."""
    try:
        with path.open("rb") as file:
            text = file.read(4 * LARGEST_FILE).decode("utf-8-sig")
        found = load_yaml(text, largest=LARGEST_FILE)
    except (OSError, ValueError) as error:
        raise DocumentRefused(str(path), [Problem("(file)", unreadable(error))]) from None
    return read(Producers, found, str(path))
