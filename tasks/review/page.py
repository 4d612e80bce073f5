"""A translation as a page to read side by side: one file, no scripts, nothing loaded from elsewhere.

Everything in it comes from strangers, engines and outlets: it is escaped, here and by the template.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from tasks.model.languages import LanguageTag
from tasks.review.listing import Reviewed, ReviewedUnit
from tasks.review.near import NearMatch
from tasks.runtime import moments
from tasks.runtime.foreign_text import printable_value
from tasks.translation.doubts import Stretch
from tasks.translation.pieces import Opaque, Open, Piece

if TYPE_CHECKING:
    from jinja2 import Template

_CODE = Markup('<span class="code" title="{}"><sup>{}</sup>')
_OPAQUE = Markup('<bdi class="opaque" title="{}"><i>{}</i>{}</bdi>')
_DOUBT = Markup('<mark class="{}" title="{}">')
_THEIRS = Markup('<del title="only in the near match">{}</del>')
_MINE = Markup('<ins title="only in this release">{}</ins>')
_BAD = Markup('<span class="code lost" title="never opened">‹/{}›</span>')


def as_html(found: Reviewed, wire: str, near: Mapping[str, Sequence[NearMatch]] = MappingProxyType({})) -> str:
    """The translation as one HTML file; `wire` is the name of the wire, `near` has near matches by the ids of units."""
    rows = [_row(found, unit, near.get(unit.id, ())) for unit in found.units if unit.source]
    return _template().render(
        r=found,
        wire=wire,
        approve=found.as_read.command
        if found.row.state == "made" and found.by_us and found.standing != "approved"
        else None,
        rows=rows,
        counts=_counts(found) | {"doubtful": sum(row["doubtful"] for row in rows)},
        languages=[(tag, tag.english_name, tag.direction) for tag in map(LanguageTag, (found.source, found.language))],
        approved_at=found.row.approved_at and moments.shown(found.row.approved_at),
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, select_autoescape  # few processes make such a page

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(),
        finalize=printable_value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")


def _row(found: Reviewed, unit: ReviewedUnit, near: Sequence[NearMatch]) -> dict[str, Any]:
    stretches = [] if found.standing == "approved" else unit.doubts(found.pair)
    refused = unit.refused
    name, _, sentence = unit.name.partition(", ")
    return {
        "id": unit.id,
        "name": name,
        "sentence": sentence,
        "kind": unit.kind,
        "translator": "a person" if unit.approved else unit.translator,
        "head": unit.name in ("headline", "subheadline") or name.startswith("heading"),
        "source": marked(unit, [(piece, None) for piece in unit.source], said=True),
        "target": marked(unit, stretches or [(piece, None) for piece in unit.target]),
        "refused": unit.drafted_by,
        "reasons": [] if found.standing == "approved" else unit.reasons,
        "doubtful": bool(refused or near) or any(doubt for _, doubt in stretches),
        "look_at": look_at(stretches),
        "near": [near_shown(unit, one) for one in near],
    }


def look_at(stretches: Sequence[Stretch]) -> list[tuple[str, str]]:
    """The figures and names that a reader has to compare, in words, for those who see no colours: kind and words."""
    kinds: dict[str, list[str]] = {}
    for piece, doubt in stretches:
        if doubt and doubt.kind != "fault":
            kinds.setdefault(doubt.kind, []).append(piece.shown if isinstance(piece, Opaque) else str(piece).strip())
    asked = {"figure": "Compare these figures:", "name": "Are these names, and right:"}
    return [(asked[kind], ", ".join(dict.fromkeys(words))) for kind, words in kinds.items()]


def near_shown(unit: ReviewedUnit, near: NearMatch) -> dict[str, Any]:
    """A near match: its score, its source with what differs from the unit's, its translation."""
    source = Markup("").join(
        Markup.escape(words) if only is None else (_THEIRS, _MINE)[only].format(words)
        for words, only in near.differs(unit)
    )
    return {
        "score": near.score,
        "source": source,
        "target": marked(unit, [(piece, None) for piece in near.target]),
        "origin": near.origin,
        "day": moments.shown(near.kept_at),
    }


def _counts(found: Reviewed) -> dict[str, int]:
    counted = Counter(unit.kind for unit in found.units if unit.source)
    return {kind: counted[kind] for kind in ("open", "engine", "person", "same")}


def marked(
    unit: ReviewedUnit,
    text: Sequence[Stretch],
    *,
    said: bool = False,
    numbers: Mapping[Piece, Sequence[str]] = MappingProxyType({}),
) -> Markup:
    """A text with every inline element, opaque piece and doubt visibly marked; all elements are closed, whatever it
    holds.

    `said`: with opaque pieces as the source says them, not as a reader of the translation will see them. `numbers`:
    what elements and opaque pieces are called, where that is not the number of the element.
    """
    parts: list[Markup] = []
    inside: list[int] = []
    for piece, doubt in text:
        if doubt and isinstance(piece, str | Opaque):
            parts.append(_DOUBT.format(doubt.kind, doubt.why))
        if isinstance(piece, str):
            parts.append(Markup.escape(piece))
        elif isinstance(piece, Open):
            parts.append(_CODE.format(unit.describe(piece), " ".join(numbers.get(piece, [str(piece.id)]))))
            inside.append(piece.id)
        elif isinstance(piece, Opaque):
            shown = (piece.said if said else None) or piece.shown or piece.html or ""
            parts.append(_OPAQUE.format(_whole(unit, piece), " ".join([*numbers.get(piece, ()), piece.kind]), shown))
        elif inside and inside[-1] == piece.id:
            parts.append(Markup("</span>"))
            inside.pop()
        else:
            parts.append(_BAD.format(piece.id))
        if doubt and isinstance(piece, str | Opaque):
            parts.append(Markup("</mark>"))
    return Markup("").join([*parts, *[Markup("</span>")] * len(inside)])


def _whole(unit: ReviewedUnit, piece: Opaque) -> str:
    """The tooltip of an opaque piece."""
    return f"{unit.describe(piece)}: the source says {piece.said!r}" if piece.said else unit.describe(piece)
