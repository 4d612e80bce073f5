"""Outlets page by page, as somebody looks for them among a hundred thousand: by an index over what they take, and by
what stands in their documents. A page costs what it looks through, and says where to go on."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, or_, select

from tasks.ledger.outlets import IS_REMOVED, as_it_stands
from tasks.ledger.schema import outlet_profile_terms, outlet_profiles, outlets
from tasks.model.languages import LanguageTag
from tasks.model.outlet import Outlet
from tasks.model.outlet_filter import OutletFilter

MOST_LOOKED_AT = 2_000
"""Rows that are read for one page. Where few of them fit, the page has less on it, and the next one goes on."""
MOST_AMONG, MOST_HOSTS = 1_000, 50
"""Outlets and hosts that are looked for at once by what drains know of them."""
_ROWS_AT_ONCE = 500
o = outlets.c


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An outlet in a list."""

    id: str
    status: str
    status_reason: str | None
    outlet: Outlet | None
    """None for a document that this version cannot read."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some outlets, by id, and the id after which the next page begins; None on the last one."""

    outlets: list[Listed]
    after: str | None


@dataclass(frozen=True, kw_only=True)
class Among:
    """Which outlets are looked for by what drains know of them and of their hosts."""

    ids: Collection[str]
    hosts: Collection[str]
    """Names of hosts, without ports."""
    has: Callable[[Outlet], bool]
    """Whether an outlet that is one of `ids`, or has one of `hosts` in its document, is really meant."""


def page(
    connection: Connection, wanted: OutletFilter, *, after: str = "", limit: int = 50, among: Among | None = None
) -> Page:
    """The outlets that are wanted, beginning after an id; removed ones only if their status is asked for."""
    found: list[Listed] = []
    looked_at, last = 0, after
    for row in _rows(connection, wanted, after, among):
        if len(found) == limit or looked_at == MOST_LOOKED_AT:
            return Page(outlets=found, after=last)
        looked_at, last = looked_at + 1, row.id
        if among is not None and row.outlet is not None and not among.has(row.outlet):
            continue
        if wanted.empty or wanted.status == row.status or row.outlet is not None:
            found += [row] if row.outlet is None or wanted.fits(row.outlet) else []
    return Page(outlets=found, after=None)


def _rows(connection: Connection, wanted: OutletFilter, after: str, among: Among | None) -> Iterator[Listed]:
    """The rows that may be wanted, some at a time."""
    query = select(o.id, o.status, o.status_reason, o.document).where(*_conditions(wanted, among)).order_by(o.id)
    at_once = 60
    while rows := connection.execute(query.where(o.id > after).limit(at_once)).all():
        for row in rows:
            outlet = as_it_stands(row)
            yield Listed(id=row.id, status=row.status, status_reason=row.status_reason, outlet=outlet)
        if len(rows) < at_once:
            return
        after, at_once = rows[-1].id, _ROWS_AT_ONCE


def _conditions(wanted: OutletFilter, among: Among | None) -> list[ColumnElement[bool]]:
    """What the row of an outlet fulfils that may be wanted; `OutletFilter.fits` then has the last word."""
    conditions = [o.status == wanted.status if wanted.status else ~IS_REMOVED]
    p, t = outlet_profiles.c, outlet_profile_terms.c
    if wanted.country:
        mine = select(p.id).where(p.country == wanted.country.upper())
        conditions.append(o.profile_id.in_(mine))
    terms = {"language": wanted.language and LanguageTag(wanted.language).base, "circuit": wanted.circuit}
    for kind, value in terms.items():
        if value:
            conditions.append(o.profile_id.in_(select(t.profile_id).where(t.kind == kind, t.value == value)))
    if wanted.language and "-" in wanted.language:  # profiles have languages without script and country
        conditions.append(o.document.contains(f'"{LanguageTag(wanted.language)}', autoescape=True))
    if wanted.transport:
        conditions.append(o.document.contains(f'"url": "{wanted.transport.lower()}:', autoescape=True))
    if wanted.text:
        conditions.append(_has_text(wanted.text))
    if among is not None:
        ids, hosts = sorted(among.ids)[:MOST_AMONG], sorted(among.hosts)[:MOST_HOSTS]
        conditions.append(or_(o.id.in_(ids), *(_has_text(host) for host in hosts)))
    return conditions


def _has_text(text: str) -> ColumnElement[bool]:
    """Whether a document has a text in it. SQLite knows the case of ASCII letters only, so others are looked for as
    people write them."""
    ways = {text, text.lower(), text.upper(), text.title()} if not text.isascii() else {text.lower()}
    column = o.document if not text.isascii() else func.lower(o.document)
    return or_(*(column.contains(json.dumps(way, ensure_ascii=False)[1:-1], autoescape=True) for way in sorted(ways)))
