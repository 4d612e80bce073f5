"""`fanwire status`: how far releases are, and which outlets are late and why."""

from __future__ import annotations

import time
from typing import Any

from rich.table import Column, Table

from tasks import ledger
from tasks.ledger import counts, deliveries, releases
from tasks.media_store.store import archive_store
from tasks.model.release import Release
from tasks.model.retention_policy import Stage
from tasks.model.states import Hold, Writing
from tasks.operations import report as reports
from tasks.operations.progress import EVERYTHING, LATE, Wanted, progress_anywhere
from tasks.operations.untaken import untaken
from tasks.runtime import moments
from tasks.runtime.errors import Problem
from tasks.runtime.foreign_text import printable
from workers.cli.rows import find_release, reading
from workers.cli.screen import counted, err, out, print_json, print_rows
from workers.cli.waiting import summary
from workers.envelope import Receipt

LATEST = 20
"""Releases that are listed."""
REASONS_SHOWN = 10


def status_of(uri: str, version: int | None, wanted: Wanted = EVERYTHING) -> dict[str, Any]:
    """How far a release is, for programs; ends the command if there is none. `wanted`: what is listed one by one."""
    with reading() as connection:
        return progress_anywhere(connection, find_release(connection, uri, version), archive_store, wanted)


def show_status(found: dict[str, Any]) -> None:
    """Print how far a release is, for people."""
    none = "" if found["states"] else f": {_no_deliveries(found)}"
    out.print(f"{found['release']} version {found['version']}{in_short(found)}{none}", markup=False)
    show_particulars(found)
    if archive := found.get("archived"):
        at = moments.shown(moments.read(archive["at"]))
        out.print(f"archived  {at}, as it stood then: {archive['file']}", markup=False)
    if found["sent_by"]:
        out.print(f"sent by   {printable(found['sent_by'])}", markup=False)
    for warning in found["warnings"]:
        out.print(printable(f"warning   {warning['field']}: {warning['problem']}"), markup=False)
    if none:
        return
    states = [state for state in reports.STATES_IN_ORDER if state in found["states"]]
    table = Table("language", *(Column(state, justify="right") for state in states), box=None, padding=(0, 1, 0, 0))
    for language, numbers in found["languages"].items():
        table.add_row(language, *(f"{numbers[state]:,}" if state in numbers else "" for state in states))
    table.add_row("all", *(f"{found['states'][state]:,}" for state in states), style="bold")
    out.print(table)
    if found["made_by"]:
        texts = found["texts"]
        by_engine = (f"{language} by {engine} ({texts[language]})" for language, engine in found["made_by"].items())
        out.print(f"translated: {', '.join(by_engine)}", markup=False)
    for hold in found["held"]:
        detail = f" ({_detail(hold)})" if hold["detail"] else ""
        out.print(printable(f"held: {hold['n']:,} in {hold['language']} for {hold['reason']}{detail}"), markup=False)
    _show_what_to_do(found)
    for reason in found["reasons"][:REASONS_SHOWN]:
        out.print(printable(f"{reason['state']}: {reason['n']:,} {_coded(reason)}"), markup=False)
    if (left := len(found["reasons"]) - REASONS_SHOWN) > 0:
        out.print(f"… and {left} reasons more, in `fanwire report`")
    _show_published(found["published"], found["not_published"])
    _show_listed(found["listed"])
    if not found["all_have_it"]:
        out.print(f"Outlets that do not get it, and why: fanwire outlets list --for {found['release']}", markup=False)


def show_stall() -> None:
    """Say that deliveries are due and nobody takes any, whichever release they are of."""
    with reading() as connection:
        told = untaken(connection, deliveries.next_due(connection), ledger.now(connection))
    if told:
        err.print(f"warning: {told}", markup=False)


def _show_what_to_do(found: dict[str, Any]) -> None:
    """How a person lets go what waits for one."""
    waiting = [hold["language"] for hold in found["held"] if hold["kind"] == Hold.APPROVAL]
    early = [language for language, text in found["texts"].items() if text == Writing.DRAFT and language not in waiting]
    if early:
        out.print(f"a draft that an editor should see before the embargo ends: {', '.join(early)}", markup=False)
    waiting += early
    stuck = [hold["language"] for hold in found["held"] if hold["kind"] == Hold.TRANSLATION and hold["detail"]]
    if not (waiting or stuck):
        return
    out.print(f"What waits for a person: fanwire translations list {found['release']}", markup=False)
    for languages, can_be_approved in ((waiting, True), (stuck, False)):
        if len(set(languages)) > 1:
            out.print(f"  in {', '.join(dict.fromkeys(languages))}; for {languages[0]}:", markup=False)
        for what, how in _ways(f"{found['release']} {languages[0]}", can_be_approved) if languages else ():
            out.print(f"  {what}: fanwire translations {how}", markup=False)


def _show_published(count: dict[str, int], no: list[dict[str, Any]]) -> None:
    """What outlets say became of it; where it is published stands in the report."""
    if count:
        out.print(f"outlets say: {', '.join(f'{n:,} {what}' for what, n in count.items())}", markup=False)
    for one in no[:REASONS_SHOWN]:
        why = f": {one['reason']}" if one["reason"] else ""
        out.print(printable(f"  {one['what']} by {one['outlet']} in {one['language']}{why}"), markup=False)
    if (left := len(no) - REASONS_SHOWN) > 0:
        out.print(f"  … and {left} more, in `fanwire report`", markup=False)


def _ways(of: str, can_be_approved: bool) -> list[tuple[str, str]]:
    """What a person can do about the translation `of` (URI and language), and the end of the command for it."""
    if can_be_approved:
        return [("read it", f"show {of}"), ("correct it", _by_file(of)), ("let it go as it is", f"approve {of}")]
    return [("read what is there, and why sentences are open", f"show {of}"), ("translate them", _by_file(of))]


def _by_file(of: str) -> str:
    """The commands by which a person writes a translation, after `fanwire translations`; `of`: URI and language."""
    file = f"{of.rpartition(' ')[2]}.xlf"
    return f"export {of} --output {file}, edit the file, then: fanwire translations import {of} {file}"


def in_short(found: dict[str, Any]) -> str:
    """What must be known of a version before all else: that it is a kill, or was killed; empty if neither."""
    if found["kill"]:
        return ", which kills the release"
    return f", killed by version {found['killed_by']}" if found.get("killed_by") else ""


def _no_deliveries(found: dict[str, Any]) -> str:
    if not found["planned"]:
        return "not planned yet"
    return "no outlet has it or may have it, so none gets the kill" if found["kill"] else "no deliveries"


def _show_listed(listed: dict[str, Any]) -> None:
    rows, left = listed["deliveries"], listed["count"] - len(listed["deliveries"])
    if not rows and listed["what"] == LATE:
        return
    what = "late or failed for good" if listed["what"] == LATE else listed["what"]
    out.print(f"{what}: {counted(listed['count'], 'delivery')}", markup=False)
    if not rows:
        return
    headings = ("  outlet", "in", "state", "tries", "last attempt", "next try", "why")
    print_rows(headings, [tuple(map(printable, _delivery(row))) for row in rows])
    if left > 0:
        out.print(f"  … and {left:,} more; --limit {listed['count']} lists all", markup=False)


def _delivery(row: dict[str, Any]) -> tuple[str, ...]:
    last, due = (moments.shown(moments.read(row[name])) if row[name] else "—" for name in ("last_attempt_at", "due_at"))
    state = f"held: {row['hold'].replace('_', ' ')}" if row["hold"] else row["state"]
    return f"  {row['outlet']}", row["language"], state, str(row["tries"]), last, due, _coded(row)


def _detail(hold: dict[str, Any]) -> str:
    """The detail of a hold; until when an embargo holds, in the reader's zone."""
    detail = str(hold["detail"])
    if hold["kind"] == Hold.UNVERIFIED:
        return f"{detail}; `fanwire outlets verify ID` asks it"
    try:
        return moments.shown(moments.read(detail)) if hold["kind"] == Hold.EMBARGO else detail
    except ValueError:
        return detail


def _coded(reason: dict[str, Any]) -> str:
    return f"{reason['code']}: {reason['reason']}" if reason["code"] else reason["reason"] or "not tried yet"


def show_latest(wanted: Wanted, *, as_json: bool) -> None:
    """Print the releases that were received last, and how far each is."""
    with reading() as connection:
        rows = [
            {
                "release": row.uri,
                "version": row.version,
                "kill": row.status == "canceled",
                "killed_by": releases.killed_by(connection, row.uri, row.version),
                "received_at": moments.utc(row.received_at),
                "planned": row.planned_at is not None,
                "headline": Release.from_ledger(row.document).headline,
                "states": counts.total(counts.states(connection, row.id)),
                "archived": row.retained >= Stage.ARCHIVED,
            }
            for row in releases.latest(connection, wanted.limit or LATEST, since=wanted.since, states=wanted.states)
        ]
    if as_json:
        print_json(rows)
        return
    headings = ("release", "version", "status", "received", "deliveries", "headline")
    print_rows(headings, [tuple(map(printable, _release(row))) for row in rows])


def _release(row: dict[str, Any]) -> tuple[str, ...]:
    received = moments.shown(moments.read(row["received_at"]))
    what = "kill" if row["kill"] else "killed" if row["killed_by"] else "usable"
    none = "archived" if row["archived"] else "none" if row["planned"] else "not planned yet"
    states = summary(row["states"]) or none
    return row["release"], str(row["version"]), what, received, states, row["headline"]


def show_particulars(found: dict[str, Any]) -> None:
    """Headline, dateline, dates and embargo; an intake of an earlier version tells none of them."""
    if found["headline"]:
        out.print(f"headline  {printable(found['headline'])}", markup=False)
    if dateline := found["dateline"]:
        out.print(f"dateline  {printable(dateline['place'])}, {dateline['date']}", markup=False)
    if found["received_at"]:
        received, first = (moments.shown(moments.read(found[name])) for name in ("received_at", "first_received_at"))
        out.print(f"received  {received}" + (f" (first version {first})" if first != received else ""), markup=False)
    if found["embargo_until"]:
        out.print(f"embargo   {_embargo(found['embargo_until'])}", markup=False)


def _embargo(text: str) -> str:
    try:
        until = moments.read(text)
    except ValueError:  # at an end of time: earlier versions took it
        return f"until {printable(text)}"
    return f"{'ended' if until.timestamp() <= time.time() else 'until'} {moments.with_utc(until)}"


def show_goes_to(found: dict[str, Any] | None, *, kill: bool = False) -> None:
    """Print whom a release reaches now, and what is held; nothing where nobody has counted."""
    if found is None:
        return
    if not found["of"]:
        out.print("goes to   nobody: the wire has no outlets yet (`fanwire outlets import`)", markup=False)
        return
    if kill and not found["outlets"] and not found["held"]:
        out.print("goes to   nobody: no outlet has the release or may have it", markup=False)
        return
    languages = ", ".join(f"{language} {n:,}" for language, n in found["languages"].items())
    what = f", in {counted(found['deliveries'], 'delivery')}: {languages}" if languages else ""
    part = f" ({found['in_part']:,} of them not in all languages)" if found.get("in_part") else ""
    to = f"goes to   {found['outlets']:,} of {counted(found['of'], 'outlet')} now{part}{what}"
    out.print(printable(to), markup=False)
    for held in found["held"]:
        which = f"{counted(held['deliveries'], 'delivery')} in {', '.join(held['languages'])}"
        out.print(printable(f"held      {which}: {held['reason']}"), markup=False)


def show_receipt(receipt: Receipt, as_json: bool) -> None:
    """Print what became of a release that was sent."""
    if as_json:
        print_json(receipt.to_dict())
    elif receipt.taken:
        out.print(
            f"{receipt.status}: {receipt.uri} version {receipt.version}{in_short(receipt.to_dict())}", markup=False
        )
        show_particulars(receipt.to_dict())
        show_goes_to(receipt.goes_to, kill=receipt.kill)
        for warning in receipt.warnings:
            err.print(f"warning: {_in_words(warning)}", markup=False)
    else:
        for problem in receipt.problems:
            err.print(f"refused: {_in_words(problem)}", markup=False)


def _in_words(problem: dict[str, str | None]) -> str:
    """A problem or a warning of a receipt, from an intake that may be another version's."""
    return printable(str(Problem(str(problem["field"]), str(problem["problem"]), problem.get("example"))))
