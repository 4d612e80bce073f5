"""Changing an outlet, by single fields or as a whole document, and adding outlets: what is wrong is said beside its
field, and what would change is shown before anything is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tasks import ledger
from tasks.model.documents import DocumentRefused, load_yaml
from tasks.model.outlet import Outlet
from tasks.model.ranks import Rank
from tasks.model.readers.outlet_files import READ, parse_outlets
from tasks.operations.outlet_acts import find
from tasks.operations.outlet_import import STRUCK, shown_without_secrets
from tasks.runtime.counting import counted
from tasks.runtime.errors import Problem, UserError
from workers import outlet_acts
from workers.offered import offered
from workers.outlet_acts import Edited, FileImported
from workers.web.pages import links, shell
from workers.web.pages.audit import changes

FIELDS: Final = {
    "name": "Name", "country": "Country", "languages": "Languages", "circuits": "Circuits", "topics": "Topics",
    "format": "Format", "url": "URL", "machine_translation": "Machine translation",
    "limits.in_flight": "Requests at once",
    "limits.per_minute": "Requests a minute",
}  # fmt: skip
"""The fields that most edits are about, and their words."""
MOST_AGAIN = 600 * 1024
"""Characters of a file that the page sends back with its second step; of a larger one the file is chosen again."""
EXAMPLE: Final = """\
- id: berliner-bote
  name: Berliner Bote
  country: DE
  languages: [de]
  format: ninjs
  url: https://bote.example/wire
"""


def routes() -> list[Route]:
    """The routes of both pages."""
    return [
        Route("/ops/outlets/-/add", add, methods=["GET", "POST"]),
        Route("/ops/outlets/{id}/edit", edit, methods=["GET", "POST"]),
    ]


# --- one outlet


@shell.needs(Rank.OPERATOR)
def edit(request: Request) -> Response:
    """The form, what would change, or the change."""
    id = request.path_params["id"]
    with ledger.read() as connection:
        before = json.loads(find(connection, id).document)
    if request.method != "POST":
        return _form(request, id, before)
    try:
        edited = _edited(request, id, before, dry_run=shell.said(request, "do") != "save")
    except DocumentRefused as refusal:
        return _form(request, id, before, problems=refusal.problems)
    if shell.said(request, "do") != "save":
        return _form(request, id, before, edited=edited)
    what = f"{', '.join(edited.fields)} changed" if edited.fields else "nothing has changed"
    return shell.see(request, links.outlet(id), f"{id}: {what}")


def _edited(request: Request, id: str, before: Mapping[str, Any], *, dry_run: bool) -> Edited:
    """Do what the form says, or only find out what it would change; raises DocumentRefused."""
    confirmed = shell.said(request, "confirm") == "yes"
    with ledger.write() as connection:
        if shell.said(request, "form") == "document":
            document = _restored(_read(shell.said(request, "document"), id), before)
            return outlet_acts.replace(connection, id, document, confirmed=confirmed, dry_run=dry_run)
        there = fields_of(shown_without_secrets(dict(before)))
        said = {name: " ".join(shell.said(request, name).split()) for name in FIELDS}
        typed = [f"{name}={value}" for name, value in said.items() if value != there[name]]
        return outlet_acts.edit(connection, id, typed, confirmed=confirmed, dry_run=dry_run)


def _read(text: str, id: str) -> dict[str, Any]:
    """The document that was typed as YAML; raises DocumentRefused."""
    try:
        document = load_yaml(text)
    except DocumentRefused:
        raise
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise DocumentRefused(f"outlet {id}", [Problem("(document)", f"is no YAML: {error}")]) from None
    if not isinstance(document, dict):
        raise DocumentRefused(f"outlet {id}", [Problem("(document)", "must be an object with fields")])
    return document


def _restored(document: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """A document with what the page had struck out put back where nobody has touched it."""
    shown = shown_without_secrets(dict(before))
    restored = dict(document)
    if document.get("url") == shown.get("url"):
        restored["url"] = before.get("url")
    if isinstance(headers := document.get("headers"), dict):
        known = before.get("headers") or {}
        restored["headers"] = {
            name: known[name] if value == STRUCK and name in known else value for name, value in headers.items()
        }
    return restored


def fields_of(document: Mapping[str, Any]) -> dict[str, str]:
    """The fields of the form as people type them."""
    found = {}
    for name in FIELDS:
        outer, _, inner = name.partition(".")
        value = document.get(outer, Outlet.model_fields[outer].get_default(call_default_factory=True))
        value = value.get(inner) if inner and isinstance(value, Mapping) else None if inner else value
        text = " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
        found[name] = "" if text == "PydanticUndefined" else text
    return found


def _form(
    request: Request, id: str, before: Mapping[str, Any], *, problems: list[Problem] | None = None,
    edited: Edited | None = None,
) -> Response:  # fmt: skip
    """The form, with what was typed; `edited`: what that would change."""
    shown = shown_without_secrets(dict(before))
    fields, document = fields_of(shown), yaml.safe_dump(shown, allow_unicode=True, sort_keys=False)
    which = shell.said(request, "form")
    if which == "fields":
        fields = {name: shell.said(request, name) for name in FIELDS}
    elif which == "document":
        document = shell.said(request, "document")
    beside = (
        {name: [one for one in problems or [] if one.field == name] for name in FIELDS} if which == "fields" else {}
    )
    others = [one for one in problems or [] if one.field not in beside]
    return shell.render(
        request, "outlet_edit.html", title=f"Edit {id}", status=422 if problems else 200, id=id, words=FIELDS,
        fields=fields, document=document, beside=beside, others=others, which=which,
        confirmed=shell.said(request, "confirm") == "yes", edited=edited,
        changes=changes(edited.old, edited.new) if edited else [], formats=sorted(offered().formats),
        wants_confirmation=any("--confirm" in one.problem for one in problems or []),
    )  # fmt: skip


# --- more outlets


@shell.needs(Rank.OPERATOR)
def add(request: Request) -> Response:
    """The form for outlets as text or as a file, what an import of them would do, or the import."""
    if request.method != "POST":
        return _add_form(request, EXAMPLE)
    data, form = shell.uploaded(request, "file"), shell.said(request, "form")
    data = data or shell.said(request, "text").encode()
    form = form if form in READ else "yaml"
    text = data.decode("utf-8", "replace") if len(data) <= MOST_AGAIN else ""
    dry_run = shell.said(request, "do") != "import"
    try:
        found = parse_outlets(data, "csv" if form == "tsv" else form, "the text", offered())
        done = outlet_acts.import_file(
            found, "the operations' page", skip_bad=shell.said(request, "skip_bad") == "yes",
            confirmed=shell.said(request, "confirm") == "yes", dry_run=dry_run,
        )  # fmt: skip
    except UserError as refusal:
        return _add_form(request, text, refused=refusal.problems)
    if not dry_run and not done.refused:
        return shell.see(request, links.at("/ops/outlets"), _imported(done))
    return _add_form(request, text, done=done, dry_run=dry_run)


def _imported(done: FileImported) -> str:
    new, changed = f"{len(done.done.new):,} new", f"{len(done.done.changed):,} changed"
    words = f"{counted(done.done.good, 'outlet')} imported: {new}, {changed}, {done.done.unchanged:,} unchanged"
    return words + (
        f"; {len(done.done.unverified):,} get nothing before they are verified" if done.done.unverified else ""
    )


def _add_form(
    request: Request, text: str, *, done: FileImported | None = None, dry_run: bool = True,
    refused: list[Problem] | None = None,
) -> Response:  # fmt: skip
    bad = bool(refused or (done and done.refused))
    said = {name: shell.said(request, name) for name in ("form", "skip_bad", "confirm")}
    return shell.render(
        request, "outlets_add.html", title="Add outlets", status=422 if bad else 200, text=text, done=done,
        dry_run=dry_run, refused=refused or [], forms=("yaml", "json", "csv"), said=said,
    )  # fmt: skip
