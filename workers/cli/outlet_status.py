"""What several commands do and say about the status of an outlet, and about what it missed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tasks.delivery import disabling
from tasks.model.states import State
from tasks.runtime.errors import UserError
from workers.broker import shared_state
from workers.cli.screen import stop


def stop_if_unverified(row: Any) -> None:
    """End the command if the outlet of this row is not verified."""
    if row.status == "unverified":
        stop(
            f"{row.id} is not verified yet: `fanwire outlets verify {row.id}` asks it, and makes it active; with "
            "--vouch it takes your word"
        )


def forget_failures(row: Any) -> None:
    """Forget that an outlet and its host failed, if a broker is up; else nothing is remembered there."""
    with suppress(UserError):
        disabling.forget_failures(shared_state(), row.id, json.loads(row.document)["url"])


def in_words_missed(count: Mapping[str, int]) -> str:
    """What an outlet missed (`deliveries.missed`), in words: `8 kept, 3 exhausted`."""
    order = ("kept", State.EXHAUSTED, State.REJECTED, State.CANCELED)
    return ", ".join(f"{count[state]:,} {state}" for state in order if state in count)
