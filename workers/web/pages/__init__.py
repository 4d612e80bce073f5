"""The operations' page: what people who run the wire look at and do, under `/ops/`. A file for each page.

shell.py       `render`, `needs` and what else all pages share: layout, ranks, flash messages, errors
sessions.py    who is signed in: signed cookies, their end, the token against forged requests
login.py       signing in with a password, and out; oidc.py: by an identity provider
appearance.py  light or dark
attention.py   how much needs somebody, for the navigation
events.py      `GET /ops/events`: tells pages that something has changed
assets.py      style sheet and script, at addresses that change with their content
releases.py    all releases
outlets.py  outlet.py  outlet_edit.py  drains.py    outlets; drains.py is what drains know of them
translations.py  translation.py    what waits for a person; one translation, read and edited
queues.py      what is open, workers, engines, who rests
refusals.py  notices.py  audit.py    what is kept for people to read
links.py  queries.py     where pages are, and what stands in the query of an address
release.py     one release, and each of its deliveries; release_progress.py: how far it is
release_acts.py  correct, kill, replay, move an embargo
kept.py        sums over many rows, kept for a moment
templates/     Jinja2; `layout.html` is around all pages, `_macros.html` has what they share
static/        the style sheet and the script; nothing is built

A page has `routes() -> list[Route]` and stands in PAGES; those to which people go directly are in `shell.NAVIGATION`.
"""

from __future__ import annotations

from starlette.routing import Route

from workers.web.pages import (
    appearance,
    assets,
    audit,
    events,
    login,
    notices,
    oidc,
    outlet,
    outlet_edit,
    outlets,
    queues,
    refusals,
    release,
    release_acts,
    releases,
    shell,
    translation,
    translations,
)

PAGES = (
    appearance,
    assets,
    audit,
    events,
    login,
    notices,
    oidc,
    outlet_edit,
    outlet,
    outlets,
    queues,
    refusals,
    release,
    release_acts,
    releases,
    translation,
    translations,
)
"""Each has `routes() -> list[Route]`."""


def routes() -> list[Route]:
    """The routes of all pages; last, whatever else is asked for under `/ops/`."""
    return [*(route for page in PAGES for route in page.routes()), *shell.routes()]
