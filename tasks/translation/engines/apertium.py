"""Apertium, rule-based, from Debian packages: the engine that needs no network.

A mode is a pipeline of a dozen small programs. Starting one costs 0.1 to 0.3 s, so each stays open and is asked again.
Inline elements travel as word-bound blanks: `[[t:a:3]]word[[/]]` follows its word through every reordering, and through
a third language. `[ ] { } ^ $ @ \\ / < >` are control characters of the stream and are escaped; unescaped, one `/` ends
the pipeline.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from itertools import pairwise, takewhile
from pathlib import Path

from tasks.translation.configuration import EngineDocument
from tasks.translation.engine_support.pipes import NulPipe, PipeBroken
from tasks.translation.engines import Capabilities, Pair
from tasks.translation.errors import Fatal, Retryable, Unsupported
from tasks.translation.grades import DRAFT
from tasks.translation.pieces import Close, Opaque, Open, Piece, Text, joined
from tasks.translation.protection import placeholders

MODES = Path("/usr/share/apertium/modes")
ROUTES: dict[Pair, tuple[str, ...]] = {
    ("en", "es"): ("eng-spa",),
    ("en", "fr"): ("eng-spa", "es-fr"),
    ("en", "pt"): ("eng-spa", "es-pt_BR"),
    ("en", "pt-PT"): ("eng-spa", "es-pt"),
    ("es", "en"): ("spa-eng",),
    ("es", "fr"): ("es-fr",),
    ("es", "pt"): ("es-pt_BR",),
    ("es", "pt-PT"): ("es-pt",),
    ("fr", "es"): ("fr-es",),
    ("fr", "en"): ("fr-es", "spa-eng"),
    ("fr", "pt"): ("fr-es", "es-pt_BR"),
    ("pt", "es"): ("pt-es",),
    ("pt", "en"): ("pt-es", "spa-eng"),
    ("pt", "fr"): ("pt-es", "es-fr"),
    ("id", "ms"): ("ind-zlm",),
    ("ms", "id"): ("zlm-ind",),
}
"""Modes, one after the other. pt is Brazil's, as in CLDR."""

_END = "[][\n]"
"""Ends a text: an empty blank and a line feed, without which the last full stop would stay in the pipeline."""
_GAP = re.compile(r"\W*+(?:\w++|\w{1,3}\W++\w{1,3})?\W*+")
"""What may stand between two parts of one element to be taken into it: a word, or two small ones such as `de la`."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CARETS = re.compile(r"(?<![^\W_])([^\W_]*+\^++)(?![^\W_])")
"""On a `^` with no word after it the pipelines hang, escaped or not: a placeholder stands for it and its word."""
_CAPITALS = re.compile(r"(?<!\w)[A-ZÀ-ÖØ-Þ]{2,}(?!\w)")
_RESERVED = re.compile(r"([\[\]{}^$@\\/<>])")
_BLANK = re.compile(r"\[\[(?P<ids>t:[^\[\]]*+)\]\](?P<words>(?:[^\[\\]|(?=\\.)\\.)*+)\[\[/\]\]", re.DOTALL)


class Apertium:
    """Apertium on this machine: one open pipeline per mode in each process, shared by all pairs that pass through it;
    eng-spa takes 200 MiB."""

    OPTIONS: frozenset[str] = frozenset()
    capabilities = Capabilities(inline="native", grade=DRAFT)

    def __init__(self, name: str = "apertium", document: EngineDocument | None = None):
        """`document.folder` is where the modes are; by default Debian's."""
        self.name = name
        self._modes = (document and document.folder) or MODES

    def pairs(self) -> dict[Pair, int]:
        """The pairs of languages whose modes are all installed; none on a machine without Apertium."""
        if not shutil.which("apertium-wblank-mode"):
            return {}
        there = {file.stem for file in self._modes.glob("*.mode")}
        return {pair: len(route) for pair, route in ROUTES.items() if there.issuperset(route)}

    def model(self, source: str, target: str) -> str:
        """`apertium-eng-spa 0.8.1-2 + apertium-es-pt 1.1.6-1`; without dpkg the names of the modes."""
        return " + ".join(_package(self._modes / f"{mode}.mode") or mode for mode in self._route(source, target))

    def translate(self, units: Sequence[Text], source: str, target: str) -> list[Text]:
        """See Engine; an empty text for a unit on which the pipeline died twice."""
        units = [_without_carets(unit) for unit in units]
        beginnings = [placeholders.beginning_for("".join(p for p in unit if isinstance(p, str))) for unit in units]
        streams = [_stream(unit, beginning) for unit, beginning in zip(units, beginnings, strict=True)]
        for mode in self._route(source, target):
            streams = self._through(mode, streams)
        return [
            _calmed(_with_carets(_pieces(stream, unit, beginning)), unit)
            for stream, unit, beginning in zip(streams, units, beginnings, strict=True)
        ]

    def _route(self, source: str, target: str) -> tuple[str, ...]:
        if (source, target) not in self.pairs():
            raise Unsupported(f"apertium has no modes for {source}→{target}")
        return ROUTES[source, target]

    def _through(self, mode: str, streams: list[str]) -> list[str]:
        """All through one mode; after a fault once more one by one, so that one bad unit harms no other."""
        asked = [stream + _END for stream in streams]
        pipe = pipeline(self._modes / f"{mode}.mode")
        try:
            return _answers(pipe, asked)
        except PipeBroken:
            pass
        answers: list[str] = []
        faults = 0
        for question in asked:
            try:
                answers += _answers(pipe, [question])
                faults = 0
            except PipeBroken as error:
                answers.append("")
                faults += 1
                if faults == 3 or faults == len(asked):
                    raise Retryable(f"apertium mode {mode} does not work: {error}") from error
        return answers


@cache
def pipeline(mode: Path) -> NulPipe:
    """The pipeline of a mode in this process, kept open for all engines: an entry of the translation file that changes
    makes another engine."""
    return NulPipe(_command(mode))


def _command(mode: Path) -> str:
    """The shell pipeline of a mode with null flush and word-bound blanks; unknown words unmarked (`-n`)."""
    found = subprocess.run(  # noqa: S603
        ["apertium-wblank-mode", "-z", str(mode)],  # noqa: S607 - found by PATH as every Debian program
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    command = " ".join(found.stdout.split())
    if found.returncode or not command:
        raise Fatal(f"apertium-wblank-mode cannot read {mode}: {found.stderr.strip()[:200]}")
    return command.replace("$1", "-n").replace("$2", "")


def _answers(pipe: NulPipe, questions: list[str]) -> list[str]:
    """One answer for each question. One without its end comes from the programs behind one that has just died."""
    answers = pipe.ask(questions)
    if not all(answer.endswith(_END) for answer in answers):
        pipe.close()
        raise PipeBroken("an answer without its end")
    return [answer.removesuffix(_END).strip("\n") for answer in answers]


def _without_carets(unit: Text) -> Text:
    pieces: list[Piece] = []
    for piece in unit:
        parts = _CARETS.split(piece) if isinstance(piece, str) else [piece]
        pieces += [Opaque(-1, str(part)) if index % 2 else part for index, part in enumerate(parts)]
    return joined(pieces)


def _with_carets(unit: Text) -> Text:
    return joined(piece.shown if isinstance(piece, Opaque) and piece.id == -1 else piece for piece in unit)


def _calmed(result: Text, unit: Text) -> Text:
    """`EL agua` as `El agua`: a short first word comes out in capitals. Left alone where the source has such words."""
    if any(_CAPITALS.search(piece) for piece in unit if isinstance(piece, str)):
        return result
    return tuple(
        _CAPITALS.sub(lambda found: found[0].capitalize(), piece) if isinstance(piece, str) else piece
        for piece in result
    )


def _escaped(text: str) -> str:
    return _RESERVED.sub(r"\\\1", _CONTROL.sub(" ", text))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _stream(unit: Text, beginning: str) -> str:
    """A unit as Apertium's stream: every word inside elements 1 and 2 bound to both, `[[t:a:1; t:a:2]]words[[/]]`.

    Empty for a unit with more opaque pieces than there are placeholder words.
    """
    if sum(isinstance(piece, Opaque) for piece in unit) > placeholders.LIMIT:
        return ""
    opened: list[int] = []
    index = 0
    last, was_opaque = "", False
    parts: list[str] = []
    for piece in unit:
        if isinstance(piece, Open):
            opened.append(piece.id)
        elif isinstance(piece, Close):
            opened.remove(piece.id)
        else:
            opaque = isinstance(piece, Opaque)
            if isinstance(piece, Opaque):
                words, index = placeholders.word(beginning, index), index + 1
            else:
                words = _escaped(piece)
            if opaque != was_opaque and last.isalnum() and words[:1].isalnum():
                words = f" {words}"  # a letter that touches a placeholder would make it another word
            last, was_opaque = words[-1:], opaque
            bound = "; ".join(f"t:a:{id}" for id in opened)
            core = words.strip()
            held = bound and any(map(str.isalnum, core))  # a blank around a lone `$` stops the pipeline
            parts.append(words.replace(core, f"[[{bound}]]{core}[[/]]", 1) if held else words)
    return "".join(parts)


def _pieces(stream: str, unit: Text, beginning: str) -> Text:
    """A unit again, from the stream that came out."""
    parts: list[tuple[frozenset[int], str]] = []
    last = 0
    for found in _BLANK.finditer(stream):
        parts.append((frozenset(), _unescaped(stream[last : found.start()])))
        ids = frozenset(int(id) for id in re.findall(r"t:a:(\d+)", found["ids"]))
        parts.append((ids, _unescaped(found["words"])))
        last = found.end()
    parts.append((frozenset(), _unescaped(stream[last:])))
    parts = [(ids, words) for ids, words in parts if words]
    opaques = [piece for piece in unit if isinstance(piece, Opaque)]
    pieces: list[Piece] = []
    for marked in _nested(parts, _ancestors(unit)):
        pieces += placeholders.read(marked, beginning, opaques) if isinstance(marked, str) else [marked]
    return joined(pieces)


def _ancestors(unit: Text) -> dict[int, tuple[int, ...]]:
    """For each element those it stands in, outermost first, itself last."""
    opened: list[int] = []
    found: dict[int, tuple[int, ...]] = {}
    for piece in unit:
        if isinstance(piece, Open):
            opened.append(piece.id)
            found[piece.id] = tuple(opened)
        elif isinstance(piece, Close):
            opened.remove(piece.id)
    return found


def _nested(parts: list[tuple[frozenset[int], str]], ancestors: dict[int, tuple[int, ...]]) -> list[Open | Close | str]:
    """Words bound to elements, as elements around words: parts of one element are joined where nothing forbids it.

    What cannot be joined stays in pieces; the checks see an element twice, and the unit falls back.
    """
    chains: list[tuple[int, ...]] = []
    for ids, _ in parts:
        chain = max((ancestors.get(id, ()) for id in ids), key=len, default=())
        chains.append(chain)
    held: dict[int, list[int]] = {}
    for index, chain in enumerate(chains):
        for id in chain:
            held.setdefault(id, []).append(index)
    for id, whole in ancestors.items():
        for start, end in pairwise(held.get(id, ())):
            between = range(start + 1, end)
            free = all(chains[index] == whole[: len(chains[index])] for index in between)
            if free and _GAP.fullmatch("".join(parts[index][1] for index in between)):
                for index in between:
                    chains[index] = whole
    result: list[Open | Close | str] = []
    opened: tuple[int, ...] = ()
    for chain, words in [*zip(chains, (words for _, words in parts), strict=True), ((), "")]:
        common = sum(1 for _ in takewhile(lambda both: both[0] == both[1], zip(opened, chain, strict=False)))
        result += [Close(id) for id in reversed(opened[common:])]
        result += [Open(id) for id in chain[common:]]
        result.append(words)
        opened = chain
    return result


@cache
def _installed() -> dict[str, str]:
    """Versions of Debian's Apertium packages; none where there is no dpkg."""
    try:
        status = Path("/var/lib/dpkg/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    entries = re.findall(r"^Package: (apertium-\S+)$(.*?)^Version: (\S+)$", status, re.MULTILINE | re.DOTALL)
    return {name: version for name, between, version in entries if "\n\n" not in between}


def _package(mode: Path) -> str | None:
    """Package and version behind a mode file, which names the directory of its package's data."""
    found = re.search(r"/apertium/(apertium-[\w-]+)/", mode.read_text(encoding="utf-8"))
    version = _installed().get(found[1]) if found else None
    return f"{found[1]} {version}" if found and version else None


ENGINE = Apertium
