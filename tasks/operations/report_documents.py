"""A report as HTML, JSON, CSV and PDF, each of them in pieces, so that a large one is never in memory as a whole."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from tasks.model.languages import LanguageTag
from tasks.operations import charts
from tasks.operations.report import Line, Place, Report
from tasks.operations.report_groups import STANDING, Group, Standing, counted
from tasks.operations.statement import statement, with_statement
from tasks.runtime import moments
from tasks.runtime.errors import NotPossible
from tasks.runtime.foreign_text import printable, printable_json, printable_value
from tasks.runtime.seal_key import SealKey
from tasks.runtime.spreadsheets import safe_cell

if TYPE_CHECKING:
    from jinja2 import Template

FORM = 2
"""The version of the JSON document: members are added, and never renamed, within one."""
_SHARES = {"half": 0.5, "95 %": 0.95, "99 %": 0.99, "all": 1.0}
_HERE = Path(__file__).parent
_STATE_KINDS: dict[str, charts.Kind] = {state.value: standing.kind for state, standing in STANDING.items()}


def written(found: Report, format: str, wire: str, key: SealKey | None = None) -> Iterator[str]:
    """The report as `html`, `json` or `csv`, with its statement, if there is a key and the format has room for it."""
    if format == "html":
        return as_html(found, wire, key)
    return as_json(found, key) if format == "json" else as_csv(found)


def as_json(found: Report, key: SealKey | None = None) -> Iterator[str]:
    """The report as a JSON document, for programs; with its statement, if there is a key to sign it."""
    pieces = map(printable_json, _json(found))
    if key is None:
        yield from pieces
        yield ' "statement": null\n}\n'
    else:
        yield from with_statement(pieces, found, "json", key, "}\n")


def _json(found: Report) -> Iterator[str]:
    release = found.release
    head = {
        "report": FORM,
        "release": release.uri,
        "version": release.version,
        "headline": release.headline,
        "dateline": release.dateline and release.dateline.model_dump(mode="json"),
        "made_at": _moment(found.made_at),
        "received_at": _moment(found.received_at),
        "first_received_at": _moment(found.first_received_at),
        "embargo_until": release.embargo_until and moments.written(release.embargo_until),
        "first_due_at": _moment(found.first_due_at),
        "versions": [one._asdict() | {"received_at": _moment(one.received_at)} for one in found.versions],
        "finished": found.finished,
        "states": found.states,
        "languages": found.languages,
        "texts": found.writing,
        "held": found.holds,
        "reasons": found.reasons,
        "edited": [rate._asdict() | {"edit_rate": round(rate.rate, 4)} for rate in found.edited],
        "seconds": {name: found.after(share) for name, share in _SHARES.items()} | {"spread": found.spread},
        "by_language": [_group(group, found) for group in found.by_language],
        "by_country": [_group(group, found) for group in found.by_country],
        "by_circuit": [_group(group, found) for group in found.by_circuit],
        "by_transport": [_group(group, found) for group in found.by_transport],
        "attempts": {"verdicts": found.verdicts, "deliveries_by_attempts": found.tries},
        "published": found.published,
        "publications": [_place(place) for place in found.places],
    }
    text = json.dumps(head, ensure_ascii=False, indent=1)
    yield text.removesuffix("\n}") + ',\n "deliveries": ['
    separator = "\n  "
    for line in found.lines:
        yield separator + json.dumps(_line(line) | {"ended_at": _moment(line.ended_at)}, ensure_ascii=False)
        separator = ",\n  "
    yield "\n ],\n"


def _group(group: Group, found: Report) -> dict[str, Any]:
    standings = {of.value: group.counts[of] for of in Standing}
    seconds = {name: group.after(share, found.first_due_at) for name, share in _SHARES.items()}
    return {"key": group.key, "name": group.name, "deliveries": group.number, **standings, "seconds": seconds}


def _place(place: Place) -> dict[str, Any]:
    return vars(place) | {"at": _moment(place.at)}


def _line(line: Line) -> dict[str, Any]:
    return {name: getattr(line, name) for name in Line.__dataclass_fields__}


def as_csv(found: Report) -> Iterator[str]:
    """The report as CSV, one line a delivery, for spreadsheets, which run nothing of it."""
    text = io.StringIO()
    writer = csv.writer(text)
    columns = list(Line.__dataclass_fields__)
    writer.writerow(columns)
    for line in found.lines:
        values = _line(line) | {"ended_at": _moment(line.ended_at)}
        writer.writerow(_cell(values[column]) for column in columns)
        if text.tell() > 65_536:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _cell(value: Any) -> Any:
    return printable(safe_cell(value)) if isinstance(value, str) else value


def as_html(found: Report, wire: str, key: SealKey | None = None) -> Iterator[str]:
    """The report as one HTML file, without scripts, which loads nothing from elsewhere; with its statement, if there is
    a key to sign it."""
    stream = _template().stream(
        **_values(found),
        wire=wire,
        style=_style(),
        policy=_content_policy(),
        signed=key is not None,
    )
    stream.enable_buffering(200)
    end = "</main>\n</body>\n</html>\n"
    if key is None:
        yield from stream
        yield end
    else:
        yield from with_statement(stream, found, "html", key, end)


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, select_autoescape  # few processes make such a page

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=select_autoescape(),
        finalize=printable_value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")


def _values(found: Report) -> dict[str, Any]:
    """What the template shows."""
    return {
        "r": found,
        "shares": {name: found.after(share) for name, share in _SHARES.items()},
        "timeline": _timeline(found),
        "shown": moments.shown,
        "with_utc": moments.with_utc,
        "language_name": lambda tag: LanguageTag(tag).english_name,
        "duration": charts.duration,
        "strip": charts.strip,
        "columns": lambda groups: list(counted(groups)),
        "kind_of": _STATE_KINDS.__getitem__,
        "groups": _groups(found),
        "reasons_chart": _reasons_chart(found),
        "attempts_chart": _attempts_chart(found),
    }


def _groups(found: Report) -> list[tuple[str, str, str, Sequence[Group], Callable[[Group], str]]]:
    """The tables of groups: title, what is grouped, a remark, the groups, and what stands beside a name."""
    return [
        ("By country", "Country", "", found.by_country, lambda group: group.key),
        ("By language", "Language", "", found.by_language, lambda group: _text_of(found, group.key)),
        (
            "By circuit",
            "Circuit",
            "An outlet in several circuits counts in each of them.",
            found.by_circuit,
            lambda _: "",
        ),
        ("By transport", "Transport", "", found.by_transport, lambda _: ""),
    ]


def _text_of(found: Report, language: str) -> str:
    return f"{language} · {found.writing[language].words}" if language in found.writing else language


def _timeline(found: Report) -> Markup | None:
    if not found.delivered_at or found.first_due_at is None:
        return None
    zero = found.first_due_at
    return charts.timeline(
        (moment - zero for moment in found.delivered_at),
        name="over-time",
        title="Confirmations of the kill over time" if found.kill else "Deliveries over time",
        noun=("delivery", "deliveries"),
        zero=f"{moments.utc(zero)}, when the first could go out",
    )


def _reasons_chart(found: Report) -> Markup:
    rows = [
        charts.Bar(row["code"] or row["state"], (charts.Part(row["n"], _STATE_KINDS[row["state"]], row["state"]),))
        for row in found.reasons
    ]
    return charts.bars(rows, name="reasons", title="Not delivered, by what was met")


def _attempts_chart(found: Report) -> Markup:
    kinds: dict[str, charts.Kind] = {"delivered": "good", "rejected": "bad", "blocked": "bad"}
    rows = [
        charts.Bar(verdict, (charts.Part(n, kinds.get(verdict, "open"), "attempt" if n == 1 else "attempts"),))
        for verdict, n in found.verdicts.items()
    ]
    return charts.bars(rows, name="attempts", title="Attempts, by how they ended")


@cache
def _style() -> str:
    return _HERE.joinpath("report.css").read_text("utf-8") + charts.STYLE


@cache
def _content_policy() -> str:
    """What a browser may use of the report (CSP): its own style, and nothing else, not even what is in it."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def as_pdf(found: Report, wire: str) -> bytes:
    """The report as PDF. Raises NotPossible where the extra `pdf` or a library of the system is missing."""
    try:
        from weasyprint import HTML
    except ImportError:
        raise NotPossible(
            "a PDF needs the extra `pdf`: pip install 'fanwire[pdf]'; or write the report as HTML, and print it"
        ) from None
    except OSError as error:  # what the library itself needs is missing
        raise NotPossible(
            f"a PDF needs Pango, which this machine lacks: apt install libpango-1.0-0 libpangoft2-1.0-0 ({error})"
        ) from None
    page = "".join(as_html(found, wire))
    return bytes(HTML(string=page, url_fetcher=_nothing).write_pdf())


def _nothing(url: str, *_: Any, **__: Any) -> dict[str, Any]:
    raise ValueError(f"a report loads nothing, and not {url}")


def beside(found: Report, content: bytes, format: str, key: SealKey) -> str:
    """The statement of a report that cannot have it within, as a file of its own."""
    return statement(found, hashlib.sha256(content).hexdigest(), format, key) + "\n"


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else moments.utc(seconds, "milliseconds")
