"""Fields as people name them: in a change `field=value` of an outlet or a producer, or at the head of a column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches

from tasks.model.documents import DocumentRefused
from tasks.runtime.errors import Problem


def changes(
    typed: Sequence[str], what: str, why_not: Callable[[str], str | None], example: str
) -> list[tuple[str, str]]:  # fmt: skip
    """Field and value of each change that somebody typed; an empty value takes the field out.

    `what` is changed, for the refusal. `why_not`: why a field is not one that can be changed, or None. Raises
    DocumentRefused, which names each change that is none.
    """
    split = [change.partition("=") for change in typed]
    no_change = f"is no change: write FIELD=VALUE, such as {example}"
    found = [(field, why_not(field) if sign else no_change) for field, sign, _ in split]
    if problems := [Problem(field or "(change)", why) for field, why in found if why]:
        raise DocumentRefused(what, problems)
    return [(field, value.strip()) for field, _, value in split]


def unknown(name: str, known: Sequence[str], of: str, what: str = "field", more: str = "") -> str:
    """Why a name is not of a field that `of` has, and which may be meant. `what` such a field is called; `more`: the
    end of the list of those that there are."""
    near = get_close_matches(name.strip().lower(), known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the {what}s are {', '.join(known)}{more}"
    return f"is not a {what} that {of} has; {hint}"
