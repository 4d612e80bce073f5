"""Real pages full of links and inline elements, in several languages, sent through an engine as releases are.

They are those of Debian's `gnome-user-docs`, read where apt puts them; being CC BY-SA, nothing of them is in this
repository. A page is Mallard XML. Its paragraphs and titles that hold inline elements become blocks of our HTML, and
those of one page the body of a release.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from html import escape
from pathlib import Path

from lxml import etree
from lxml import html as lxml_html

from tasks.model.markup import INLINES
from tasks.model.readers import read_release
from tasks.model.release import Translation
from tasks.translation.engines import Engine, Pair
from tasks.translation.errors import TranslationHeld
from tasks.translation.translate import translate

PACKAGE = "gnome-user-docs"
PAGES = Path("/usr/share/help")
ADDRESS = "https://help.example/"
FOLDERS = {"en": "C", "es": "es", "fr": "fr", "pt": "pt_BR", "pt-PT": "pt", "id": "id"}
"""Where the pages of a language are, by our tags. There are none in Malay: it gets those that an engine made."""

_TAGS = {
    "gui": "strong", "em": "em", "app": "i", "key": "b", "link": "a", "span": "", "guiseq": "", "keyseq": "",
    "code": "code", "cmd": "code", "file": "code", "sys": "code", "input": "code", "output": "code", "var": "code",
}  # fmt: skip
"""What an inline element becomes, `em` if it is not here; empty: its content alone."""
_BETWEEN = {"guiseq": " ▸ ", "keyseq": "+"}
"""What readers see between the parts of a sequence; in the file there is nothing."""
_TRANSLATE = "{http://www.w3.org/2005/11/its}translate"


@dataclass(frozen=True)
class Page:
    """A page as the text of a release."""

    name: str
    language: str
    title: str
    blocks: tuple[str, ...]
    """Those with inline elements, as HTML."""


@dataclass(frozen=True)
class Inline:
    """An inline element of a body as a reader's browser finds it."""

    tag: str
    address: str
    """Of a link or an image: every one of a page has its own."""
    text: str


def installed() -> bool:
    """Whether the pages are here, after an attempt to install them if this is root on a Debian."""
    if not _there() and os.geteuid() == 0 and shutil.which("apt-get"):
        command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", PACKAGE]
        subprocess.run(
            command, capture_output=True, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        )
    return _there()


def _there() -> bool:
    return all((PAGES / folder / "gnome-help").is_dir() for folder in FOLDERS.values())


def pages(language: str) -> list[Page]:
    """All pages, by name, with those of their blocks that are in `language`: many are translated in part only."""
    english = frozenset() if language == "en" else _english()
    found = []
    for file in _files(language):
        root = etree.parse(file).getroot()
        blocks = tuple(
            html
            for number, node in enumerate(_blocks(root))
            if (html := _block(node, language, f"{file.stem}-{number}")) and _words(node) not in english
        )
        title = _title(file.stem, language)
        if blocks and title and title not in english:
            found.append(Page(file.stem, language, title, blocks))
    return found


def inlines(body: str) -> list[Inline]:
    """The inline elements of a body, in reading order."""
    root = lxml_html.fragment_fromstring(body, create_parent="div")
    return [
        Inline(
            str(node.tag), str(node.get("href") or node.get("src") or ""), " ".join("".join(node.itertext()).split())
        )
        for node in root.iter(*INLINES)
    ]


def lost(before: str, after: str) -> list[Inline]:
    """The inline elements of `before` that `after` has not, or has without the text that they must have."""
    missing = Counter(map(_kind, inlines(before))) - Counter(map(_kind, inlines(after)))
    return [inline for inline in inlines(before) if missing[_kind(inline)] > 0]


def _kind(inline: Inline) -> tuple[str, str, str | bool]:
    """What must be the same in a translation: code to the letter, of other elements that there is a text."""
    return inline.tag, inline.address, inline.text if inline.tag == "code" else bool(inline.text)


def _files(language: str) -> list[Path]:
    return sorted((PAGES / FOLDERS[language] / "gnome-help").glob("*.page"))


@cache
def _english() -> frozenset[str]:
    return frozenset(_words(node) for file in _files("en") for node in _blocks(etree.parse(file).getroot()))


@cache
def _title(page: str, language: str) -> str:
    file = PAGES / FOLDERS[language] / "gnome-help" / f"{page}.page"
    if not file.is_file():
        return ""
    node = etree.parse(file).getroot().find("{*}title")
    return "" if node is None else _words(node)


def _blocks(root: etree._Element) -> Iterator[etree._Element]:
    """Paragraphs and titles, but those that no reader sees."""
    for node in root.iter("{*}p", "{*}title"):
        if not any(_name(up) in ("info", "comment") for up in node.iterancestors()):
            yield node


def _block(node: etree._Element, language: str, name: str) -> str:
    """The block as HTML; empty if it has no inline elements."""
    inner = _inner(node, language, _Addresses(name)).strip()
    if "<" not in inner:
        return ""
    if _name(node) == "title":
        return f"<h3>{inner}</h3>"
    up = node.getparent()
    listed = up is not None and _name(up) == "item"
    return f"<ul><li>{inner}</li></ul>" if listed else f"<p>{inner}</p>"


class _Addresses:
    """A new address for each link, so that every one can be looked for in the translation."""

    def __init__(self, block: str) -> None:
        self._block = block
        self._number = 0

    def next(self, target: str) -> str:
        self._number += 1
        return f"{ADDRESS}{target}?from={self._block}&at={self._number}"


def _inner(node: etree._Element, language: str, addresses: _Addresses, between: str = "") -> str:
    parts = [] if between else [escape(node.text or "", quote=False)]
    for index, child in enumerate(child for child in node if isinstance(child.tag, str)):
        parts.append(between if index else "")
        parts.append(_element(child, language, addresses))
        parts.append("" if between else escape(child.tail or "", quote=False))
    return "".join(parts)


def _element(node: etree._Element, language: str, addresses: _Addresses) -> str:
    name = _name(node)
    if name == "media":
        alternative = escape(_words(node))
        return f'<img src="{escape(addresses.next(node.get("src", "")))}" alt="{alternative}">'
    inner = _inner(node, language, addresses, _BETWEEN.get(name, ""))
    tag = _TAGS.get(name, "em")
    if name == "link":
        to = node.get("href") or node.get("xref") or ""
        inner = inner or escape(_title(to.split("#")[0], language) or to, quote=False)
        return f'<a href="{escape(addresses.next(to.split("://")[-1].replace("#", "/")))}">{inner}</a>'
    if not tag or not inner.strip():
        return inner
    fixed = ' translate="no"' if node.get(_TRANSLATE) == "no" else ""
    return f"<{tag}{fixed}>{inner}</{tag}>"


def _name(node: etree._Element) -> str:
    return str(etree.QName(node).localname)


def _words(node: etree._Element) -> str:
    return " ".join("".join(map(str, node.itertext())).split())


# --- through an engine


@dataclass
class Tally:
    """What became of one route's inline elements, and of its pages."""

    sent: int = 0
    kept: int = 0
    lost: int = 0
    """Missing in what was published, or there without their text: there must be none."""
    held: int = 0
    pages: int = 0
    whole: int = 0
    """Pages of which nothing was held."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Why, each with the number of blocks."""

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


def through(engine: Engine, page: Page, target: str) -> tuple[Tally, Page]:
    """What becomes of the page as the body of a release, and what was published of it."""
    made = _published(engine, page, target)
    tally = sum((part for part, _ in made), Tally(pages=1))
    tally.whole = int(not tally.reasons)
    blocks = (html for _, text in made if text for html in _apart(text.body_html))
    return tally, Page(page.name, target, next((text.headline for _, text in made if text), ""), tuple(blocks))


def _published(engine: Engine, page: Page, target: str) -> list[tuple[Tally, Translation | None]]:
    """The page in `target`. If it is held, its halves are tried, down to single blocks: so each has its own reason."""
    release = read_release(
        {
            "uri": f"urn:bench:{page.name}",
            "language": page.language,
            "headline": page.title,
            "body_html": "".join(page.blocks),
        }
    )
    sent = len(inlines(release.html))
    try:
        made = translate(release, target, engines=[engine])
    except TranslationHeld as held:
        middle = len(page.blocks) // 2
        if middle == 0 or "headline: " in held.reason:
            return [(Tally(sent=sent, held=sent, reasons=Counter([held.reason])), None)]
        halves = (replace(page, blocks=page.blocks[:middle]), replace(page, blocks=page.blocks[middle:]))
        return [part for half in halves for part in _published(engine, half, target)]
    gone = len(lost(release.html, made.body_html))
    return [(Tally(sent=sent, kept=sent - gone, lost=gone), made)]


def _apart(body: str) -> list[str]:
    root = lxml_html.fragment_fromstring(body, create_parent="div")
    return [str(lxml_html.tostring(block, encoding="unicode", with_tail=False)) for block in root]


def measure(engine: Engine, routes: Sequence[Pair]) -> None:
    """Send all pages through each route, and print what became of their inline elements and why some were held."""
    total = Tally()
    by_engine: dict[str, list[Page]] = {}
    for source, target in routes:
        every = pages(source) if source in FOLDERS else by_engine.get(source, [])
        results = [through(engine, page, target) for page in every]
        made = by_engine[target] = [page for _, page in results if page.blocks]
        tally = sum((part for part, _ in results), Tally())
        anchors = _anchors(made, target)
        _show(f"{source} → {target}", tally, f"chrF of anchors {chrf(anchors):.0f}" if anchors else "")
        total += tally
    _show("all routes", total, "")
    kinds: dict[str, list[str]] = {}
    for reason in total.reasons.elements():
        kinds.setdefault(_kind_of(reason), []).append(reason)
    for kind, reasons in sorted(kinds.items(), key=lambda entry: -len(entry[1])):
        print(f"  {len(reasons):>4} × {kind}\n         {reasons[0][:140]}")


def _show(name: str, tally: Tally, more: str) -> None:
    share = f"{tally.kept / max(tally.sent, 1):.2%}"
    elements = (
        f"{tally.kept:>6,} of {tally.sent:>6,} inline elements kept ({share}), {tally.lost} lost, {tally.held} held"
    )
    print(f"  {name:<11} {elements}; {tally.whole:,} of {tally.pages:,} pages whole{more and '; '}{more}")


def _kind_of(reason: str) -> str:
    """A reason without route, place and particulars: `inline element … is missing`."""
    said = re.sub(r"^\S+ \S+→\S+: (?:(?:headline|[a-z ]+\d+(?:, sentence \d+)?): )?", "", reason)
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d[\d,.]*", "…", re.sub(r" \(and \d+ more\)$", "", said))


# --- against what people wrote


def _anchors(translated: Sequence[Page], target: str) -> list[tuple[str, str]]:
    """Each link's text, and the one that people gave it in the page of that language where they translated it."""
    human = _links(target)
    english = {} if target == "en" else _links("en")
    found = [inline for page in translated for block in page.blocks for inline in inlines(block) if inline.tag == "a"]
    return [
        (inline.text, human[inline.address])
        for inline in found
        if inline.address in human and human[inline.address] != english.get(inline.address)
    ]


@cache
def _links(language: str) -> dict[str, str]:
    found = pages(language) if language in FOLDERS else []
    return {inline.address: inline.text for page in found for block in page.blocks for inline in inlines(block)}


def chrf(pairs: Sequence[tuple[str, str]], longest: int = 6, beta: float = 2) -> float:
    """chrF (Popović 2015) of all pairs of a text and its reference together, 0 to 100, white space left out."""
    scores = []
    for n in range(1, longest + 1):
        both = [(_grams(text, n), _grams(reference, n)) for text, reference in pairs]
        same, made, wanted = (
            sum(sum(counts.values()) for counts in several)
            for several in zip(*((a & b, a, b) for a, b in both), strict=True)
        )
        precision, recall = same / max(made, 1), same / max(wanted, 1)
        scores.append((1 + beta**2) * precision * recall / max(beta**2 * precision + recall, 1e-9))
    return 100 * sum(scores) / longest


def _grams(text: str, n: int) -> Counter[str]:
    together = "".join(unicodedata.normalize("NFC", text).split())
    return Counter(together[start : start + n] for start in range(len(together) - n + 1))
