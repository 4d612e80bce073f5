"""A second reader without a model that judges: another engine translates back, and the texts are compared.

The engine gets the translation without its inline elements. One that knows its way around opaque pieces gets them too;
any other one gets their words, and names are looked for in what comes back, so that their order can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tasks.translation import routing
from tasks.translation.engines import Engine, Pair
from tasks.translation.errors import Unsupported
from tasks.translation.language_pair import LanguagePair
from tasks.translation.meaning import comparison
from tasks.translation.meaning.faults import Fault, ToRead
from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, joined

_TAKES_OPAQUE = frozenset({"native", "placeholder"})
"""Engines that do best with opaque pieces as such."""


def hinders(engine: Engine, pair: LanguagePair) -> str | None:
    """Why an engine cannot read a translation between two languages; None if it can."""
    if why := comparison.readable(pair.source):
        return why
    if not _back(engine, pair):
        return f"it does not translate {pair.target}→{pair.source}, and does not judge by itself"
    return None


def version(engine: Engine, pair: LanguagePair) -> str:
    """What is remembered with a result; raises an EngineError."""
    return f"{engine.model(*_must(engine, pair))}, compared {comparison.VERSION}"


def read(engine: Engine, units: Sequence[ToRead], pair: LanguagePair) -> list[list[Fault] | None]:
    """The faults of each unit, in order; None for one that did not come back. Raises an EngineError."""
    in_words = engine.capabilities.inline not in _TAKES_OPAQUE
    sent = [_without_elements(unit.target) for unit in units]
    if in_words:
        sent = [joined(piece.shown if isinstance(piece, Opaque) else piece for piece in text) for text in sent]
    backs = engine.translate(sent, *_must(engine, pair))
    return [
        _faults(unit, back, pair, in_words=in_words) if back else None for unit, back in zip(units, backs, strict=True)
    ]


def _faults(unit: ToRead, back: Text, pair: LanguagePair, *, in_words: bool) -> list[Fault]:
    source = _without_elements(unit.source)
    if in_words:  # what is no name has been translated with the rest, so it is compared with the rest
        source = joined(
            piece.said or piece.shown if isinstance(piece, Opaque) and piece.kind != "name" else piece
            for piece in source
        )
        back = _with_names(back, [piece for piece in source if isinstance(piece, Opaque)])
    return comparison.faults(source, back, unit.target, pair.source)


def _with_names(text: Text, names: Sequence[Opaque]) -> Text:
    """The text with these names opaque wherever they stand in its words."""
    known = {name.shown: name for name in names if name.shown}
    if not known:
        return text
    longest_first = sorted(known, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, longest_first))})(?!\w)")

    def pieces() -> Iterator[Piece]:
        for piece in text:
            if isinstance(piece, str):
                yield from (known.get(part, part) for part in pattern.split(piece))
            else:
                yield piece

    return joined(pieces())


def _back(engine: Engine, pair: LanguagePair) -> Pair | None:
    return routing.pair_for(engine.pairs(), pair.target, pair.source)


def _must(engine: Engine, pair: LanguagePair) -> Pair:
    if not (back := _back(engine, pair)):
        raise Unsupported(f"{engine.name} cannot do {pair.target}→{pair.source}")
    return back


def _without_elements(text: Text) -> Text:
    return joined(piece for piece in text if not isinstance(piece, Open | Close))
