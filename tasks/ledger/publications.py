"""What outlets say became of their deliveries. Rows are only ever added; what counts now is folded from them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select

from tasks.ledger import seals
from tasks.ledger.schema import deliveries, outlets, publications, releases
from tasks.ledger.spans import Span, span_of
from tasks.model.publication import Fate, Publication, Said, fold, then

MOST = 100
"""What an outlet may say of one delivery; the rest is refused, so that no outlet fills the ledger."""


class Outcome(StrEnum):
    """What was done with something that an outlet said."""

    TAKEN = "taken"
    KNOWN = "known"
    """It changes nothing."""
    TOO_MANY = "too many"
    """The outlet has said too much of this delivery."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What came of noting something that an outlet said of a delivery."""

    delivery_id: int
    outcome: Outcome
    before: Fate | None
    now: Fate
    """What counts now."""


def note(connection: Connection, said: Sequence[tuple[int, Publication]], now: float) -> list[Noted]:
    """Write what outlets say of these deliveries, which are in the ledger; what changes nothing is not written.

    `now`: seconds since the epoch. Nothing has happened later than that, whatever an outlet's clock says.
    """
    history = _history(connection, [delivery_id for delivery_id, _ in said])
    rows, noted = [], []
    for delivery_id, publication in said:
        before = fold(history[delivery_id])
        one = _fate(publication, now)
        after = then(before, one)
        outcome = Outcome.KNOWN if after is before else Outcome.TAKEN
        if outcome is Outcome.TAKEN and len(history[delivery_id]) >= MOST:
            outcome, after = Outcome.TOO_MANY, before or one
        if outcome is Outcome.TAKEN:
            history[delivery_id].append(one)
            rows.append(_row(delivery_id, one, now))
        noted.append(Noted(delivery_id, outcome, before, after))
    if rows:
        connection.execute(publications.insert(), rows)
        seals.look_later(connection, {row["delivery_id"] for row in rows}, now)
    return noted


def _fate(said: Publication, now: float) -> Fate:
    at = now if said.at is None else min(said.at.timestamp(), now)
    url = said.url if said.status is Said.PUBLISHED else None
    return Fate(status=said.status, url=url, reason=said.reason or None, at=at)


def _row(delivery_id: int, fate: Fate, now: float) -> dict[str, Any]:
    return {
        "delivery_id": delivery_id, "at": now, "said_at": fate.at, "status": fate.status, "url": fate.url,
        "reason": fate.reason,
    }  # fmt: skip


def _history(connection: Connection, delivery_ids: Sequence[int]) -> dict[int, list[Fate]]:
    query = select(publications).where(publications.c.delivery_id.in_(delivery_ids)).order_by(publications.c.id)
    return _by_delivery(connection.execute(query))


def of_delivery(connection: Connection, delivery_id: int) -> list[Fate]:
    """All that an outlet has said of one delivery, in the order in which it came."""
    return _history(connection, [delivery_id])[delivery_id]


def _by_delivery(rows: Any) -> dict[int, list[Fate]]:
    found: dict[int, list[Fate]] = defaultdict(list)
    for row in rows:
        found[row.delivery_id].append(Fate(status=Said(row.status), url=row.url, reason=row.reason, at=row.said_at))
    return found


def answerable(connection: Connection, delivery_id: int) -> Row | None:  # type: ignore[type-arg]
    """The delivery of which an outlet says something: its `release` (URI), `version`, `status` of that,
    `language`, `outlet_id` and the `document` of its outlet; None if there is none."""
    query = (
        select(
            releases.c.uri.label("release"), releases.c.version, releases.c.status, deliveries.c.language,
            deliveries.c.outlet_id, outlets.c.document,
        )
        .join(releases, releases.c.id == deliveries.c.release_id)
        .join(outlets, outlets.c.id == deliveries.c.outlet_id)
        .where(deliveries.c.id == delivery_id)
    )  # fmt: skip
    return connection.execute(query).first()


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of a release at an outlet in a language, and which of its versions the outlet said that of."""

    version: int
    fate: Fate


def of_release(
    connection: Connection, uri: str, version: int, known: Span | None = None
) -> dict[tuple[str, str], Standing]:
    """What became of this version of a release, by outlet and language. Where an outlet has said nothing of this
    version yet, what it said of an older one stands. `known`: where the deliveries of one of the versions lie."""
    r = releases.c
    versions = select(r.id, r.version).where(r.uri == uri, r.version <= version).order_by(r.version)
    found: dict[tuple[str, str], Standing] = {}
    for number, of in connection.execute(versions).all():  # a higher version later
        span = known if known is not None and known.release_id == number else span_of(connection, number)
        rows = _said_of(connection, span)
        fates = {delivery_id: fold(said) for delivery_id, said in _by_delivery(rows).items()}
        for row in rows:
            if fate := fates[row.delivery_id]:
                found[row.outlet_id, row.language] = Standing(of, fate)
    return found


def _said_of(connection: Connection, span: Span) -> Sequence[Row[Any]]:
    """All that outlets have said of the deliveries of a release version, in the order in which it came: they say
    something of few, so it is not looked for by each delivery."""
    query = (
        select(publications, deliveries.c.outlet_id, deliveries.c.language)
        .join(deliveries, deliveries.c.id == publications.c.delivery_id)
        .where(span.has(publications.c.delivery_id), span.mine)
        .order_by(publications.c.id)
    )
    return connection.execute(query).all()


def counted(standings: Mapping[Any, Standing]) -> dict[str, int]:
    """How often a release was accepted, published, rejected and taken down: {words: n}."""
    count = Counter(standing.fate.words for standing in standings.values())
    return {words: count[words] for words in ("published", "accepted", "rejected", "taken down") if words in count}
