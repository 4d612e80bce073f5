"""A translation as a page to read side by side: one file, no scripts, nothing loaded from elsewhere.

Everything in it comes from strangers, engines and outlets: it is escaped, here and by the template.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, Template, select_autoescape
from markupsafe import Markup

from tasks.model.languages import LanguageTag
from tasks.review.listing import Reviewed, ReviewedUnit
from tasks.review.stamps import command
from tasks.runtime import moments
from tasks.runtime.foreign_text import printable_value
from tasks.translation.pieces import Opaque, Open, Text

_CODE = Markup('<span class="code" title="{}"><sup>{}</sup>')
_OPAQUE = Markup('<bdi class="opaque" title="{}"><i>{}</i>{}</bdi>')
_BAD = Markup('<span class="code lost" title="never opened">‹/{}›</span>')


def as_html(found: Reviewed, wire: str) -> str:
    """The translation as one HTML file; `wire` is the name of the wire."""
    return _template().render(
        r=found,
        wire=wire,
        approve=command(found) if found.row.state == "made" and found.by_us and found.standing != "approved" else None,
        rows=[_row(unit) for unit in found.units if unit.source],
        counts=_counts(found),
        languages=[(tag, tag.english_name, tag.direction) for tag in map(LanguageTag, (found.source, found.language))],
        approved_at=found.row.approved_at and moments.shown(found.row.approved_at),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(),
        finalize=printable_value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")


def _row(unit: ReviewedUnit) -> dict[str, Any]:
    name, _, sentence = unit.name.partition(", ")
    return {
        "id": unit.id,
        "name": name,
        "sentence": sentence,
        "kind": unit.kind,
        "translator": "a person" if unit.approved else unit.translator,
        "problem": unit.problem,
        "head": unit.name in ("headline", "subheadline") or name.startswith("heading"),
        "source": marked(unit, unit.source, said=True),
        "target": marked(unit, unit.target),
    }


def _counts(found: Reviewed) -> dict[str, int]:
    counted = Counter(unit.kind for unit in found.units if unit.source)
    return {kind: counted[kind] for kind in ("open", "engine", "person", "same")}


def marked(unit: ReviewedUnit, text: Text, *, said: bool = False) -> Markup:
    """A text with every inline element and opaque piece visibly marked; all elements are closed, whatever it holds.

    `said`: with opaque pieces as the source says them, not as a reader of the translation will see them.
    """
    parts: list[Markup] = []
    inside: list[int] = []
    for piece in text:
        if isinstance(piece, str):
            parts.append(Markup.escape(piece))
        elif isinstance(piece, Open):
            parts.append(_CODE.format(unit.describe(piece), piece.id))
            inside.append(piece.id)
        elif isinstance(piece, Opaque):
            shown = (piece.said if said else None) or piece.shown or piece.html or ""
            parts.append(_OPAQUE.format(_whole(unit, piece), piece.kind, shown))
        elif inside and inside[-1] == piece.id:
            parts.append(Markup("</span>"))
            inside.pop()
        else:
            parts.append(_BAD.format(piece.id))
    return Markup("").join([*parts, *[Markup("</span>")] * len(inside)])


def _whole(unit: ReviewedUnit, piece: Opaque) -> str:
    """The tooltip of an opaque piece."""
    return f"{unit.describe(piece)}: the source says {piece.said!r}" if piece.said else unit.describe(piece)
