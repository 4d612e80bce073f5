"""`GET /ops/audit`: who did what to what, the newest first, with what stood before and after side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks import ledger
from tasks.ledger import audit as audit_rows
from tasks.ledger import seals
from tasks.model.acts import Act
from tasks.model.documents import DocumentRefused
from tasks.model.ranks import Rank
from tasks.runtime import moments
from tasks.runtime.errors import Problem
from workers.web.pages import links, shell
from workers.web.pages.queries import number, text

A_PAGE = 50
_KINDS = tuple(dict.fromkeys(act.partition(".")[0] for act in Act))


def routes() -> list[Route]:
    """The route of the list."""
    return [Route("/ops/audit", entries)]


@shell.needs(Rank.READER)
def entries(request: Request) -> Response:
    """The entries that fit all filters."""
    said = {name: text(request, name) for name in ("uri", "outlet", "actor", "act", "since")}
    problem, since = None, None
    try:
        since = _since(said["since"])
    except DocumentRefused as refusal:
        problem = str(refusal.problems[0])
    act = said["act"] if said["act"] in (*Act, *_KINDS) else None
    wanted = audit_rows.Wanted(
        uri=said["uri"] or None, outlet_id=said["outlet"] or None, actor=said["actor"] or None, act=act, since=since,
        before=number(request, "before"),
    )  # fmt: skip
    with ledger.read() as connection:
        rows = audit_rows.latest(connection, wanted, A_PAGE + 1)
        seal, sealed_until = seals.last(connection), seals.audit_until(connection)
    more = len(rows) > A_PAGE
    rows = [row | {"changes": changes(row["old"], row["new"])} for row in rows[:A_PAGE]]
    return shell.render(
        request, "audit.html", title="Audit", rows=rows, said=said, problem=problem, acts=list(Act), kinds=_KINDS,
        seal=seal.id if seal else None, sealed_until=sealed_until,
        older=links.again(request, before=rows[-1]["id"]) if more else None,
        newest=links.again(request, before=None) if wanted.before else None,
    )  # fmt: skip


def _since(said: str) -> float | None:
    """The moment that a filter names; raises DocumentRefused for what is none."""
    try:
        return moments.read(said).timestamp() if said else None
    except ValueError as error:
        raise DocumentRefused("filter", [Problem("since", str(error), moments.EXAMPLE)]) from None


def changes(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> list[tuple[str, str | None, str | None]]:
    """What an act changed: each field, and its value before and after in words; None where it had none."""
    before, after = _flat(old or {}), _flat(new or {})
    return [(name, _shown(before, name), _shown(after, name)) for name in dict.fromkeys([*before, *after])]


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields, and of a field that holds others each of those by itself."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= (
            {f"{name}.{inner}": one for inner, one in value.items()} if isinstance(value, Mapping) else {name: value}
        )
    return flat


def _shown(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
