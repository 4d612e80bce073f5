"""Markdown bodies as HTML: CommonMark with tables, strikethrough, footnotes, task lists and definition lists.

Other kinds of Markdown have more (`==mark==`, `:::`, `[[page]]`, `$x$` …). What of those a body holds would be
published as it stands, signs and all; so would a link whose definition is missing. Both are refused, with the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from tasks.model.markup import MAX_CHARACTERS, scheme_of, schemes_of

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

MAX_BRACKETS = 2_000
"""Opening brackets in a Markdown body, one for each link. The parser looks from each to the end of its paragraph."""
MAX_LINES = 10_000
"""Lines of a Markdown body. Real ones have some hundreds; the parser takes seconds for tens of thousands of blocks."""
MOST_FAULTS = 5
"""Faults of one body that its refusal names."""
_ELSE = "\ufffc"
"""Stands for what is no text: code, an element, a character that was escaped."""


def render(text: str, line_of: Callable[[int], str] = "line {} of the body".format) -> str:
    """The HTML of a Markdown body, not cleaned yet. `line_of`: how a line, counted from 1, is named.

    Raises ValueError, which names the lines, for what Markdown would leave as it is, and for a body that takes minutes
    or becomes huge by its links.
    """
    if text.count("[") > MAX_BRACKETS:
        raise ValueError(f"has more than {MAX_BRACKETS:,} opening brackets '[' in Markdown; send it as HTML")
    if text.count("\n") >= MAX_LINES:
        raise ValueError(f"has more than {MAX_LINES:,} lines of Markdown; send it as HTML")
    longest = max((len(line) for line in text.splitlines() if re.match(r" {0,3}\[[^\]]+\]:", line)), default=0)
    if longest * text.count("[") > 4 * MAX_CHARACTERS:
        raise ValueError("has so many and so long link references that it would be too large")
    found: dict[str, Any] = {"faults": []}
    rendered = str(_parser().render(text, found))
    faults = sorted(dict.fromkeys([*found["faults"], *_unused_notes(text, found)]))
    if faults:
        told = [f"{line_of(line + 1)}: {fault}" for line, fault in faults[:MOST_FAULTS]]
        left = [f"and {len(faults) - MOST_FAULTS} faults more"] if len(faults) > MOST_FAULTS else []
        raise ValueError("; ".join(told + left))
    return rendered


def bracketed(text: str) -> list[tuple[int, str]]:
    """The texts in square brackets that `render` leaves as they are, each with its line, counted from 1: an editor's
    insertion, or a link whose address was forgotten. The text must be one that `render` takes."""
    if not _BRACKETED.search(text):
        return []
    found: dict[str, Any] = {}
    _parser().parse(text, found)
    return [(line + 1, words) for line, words in found["bracketed"]]


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # many releases are not in Markdown
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.footnote import footnote_plugin
    from mdit_py_plugins.tasklists import tasklists_plugin

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.use(footnote_plugin).use(deflist_plugin).use(tasklists_plugin)
    parser.core.ruler.before("text_join", "boxes", _boxes)
    parser.core.ruler.before("text_join", "faults", _note_faults)
    renderers: dict[str, Callable[..., str]] = {
        # no links between the two: formats of text have none, and those of HTML stand among other notes on a page
        "footnote_ref": lambda _self, tokens, at, *_: f'<sup translate="no">[{tokens[at].meta["id"] + 1}]</sup>',
        "footnote_block_open": lambda *_: "<hr>\n<ol>\n",
        "footnote_block_close": lambda *_: "</ol>\n",
        "footnote_open": lambda *_: "<li>",
        "footnote_close": lambda *_: "</li>\n",
        "footnote_anchor": lambda *_: "",
    }
    for name, renderer in renderers.items():
        parser.add_render_rule(name, renderer)
    return parser


def _boxes(state: StateCore) -> None:
    """The boxes of task lists as characters, which every format has."""
    for token in _inline(state.tokens):
        for child in token.children or []:
            if child.type == "html_inline" and "task-list-item-checkbox" in child.content:
                child.type, child.content = "text", "☑" if "checked=" in child.content else "☐"


def _inline(tokens: Sequence[Token]) -> Iterator[Token]:
    return (token for token in tokens if token.type == "inline")


# --- what would be published as it stands

_LEFT: tuple[tuple[str, str], ...] = (
    (r"==[^\s=](?:[^=\n]*[^\s=])?==", "marks text as only some kinds of Markdown can; write <mark>…</mark>"),
    (r"^ *:{3,}.*", "begins or ends a block that only some kinds of Markdown have"),
    (r"^(?:!!!|\?\?\?\+?) +[a-z].*", "begins a block that only some kinds of Markdown have"),
    (r"\[\[[^\[\]\n]+\]\]", "is a link of a wiki; write [text](https://…)"),
    (r"\[\^[^\]\s]+\]", "is a footnote without its text; write it as '[^1]: …' in a paragraph of its own"),
    (r"^\[(?:toc|TOC)\]$", "is for a table of contents, which no release has"),
    (r"^\[![A-Z]+\]", "begins a block that only some kinds of Markdown have"),
    (r"!\[[^\]\n]*\](?!\()", "is an image without its address; write ![text](https://…)"),
    (r"\[(?!\d+\]\[\d+\])[^\[\]\n]+\]\[[^\[\]\n]*\]", "is a link whose definition is missing: add '[name]: https://…'"),
    (r"\]\([^\n]{0,80}", "is a link that is not closed, or has an address that is none"),
    (r"<(?:https?|mailto):[^\s>]{0,80}", "is an address that is not closed with '>'"),
    (r"^ {0,3}\[[^\]\n]+\]: .*", "defines a link with an address that is none"),
    (r"^\*\[[^\]\n]+\]:.*", "explains an abbreviation as only some kinds of Markdown can"),
    (r"^ *\$\$.*|\$\$[^$\n]+\$\$", "is a formula; write it in words or characters"),
    (r"(?<![\w$\\])\$(?=[^\s$\d])(?=[^$\n]*[\\^_={])[^$\n]*[^\s$]\$(?![\w$])", "is a formula; write it in characters"),
    (r"(?<![\w$])\$[A-Za-z]\$(?![\w$])", "is a formula; write it in characters"),
    (r"\{\{[^{}\n]*\}\}|\{%[^{}\n]*%\}", "is a placeholder that nobody has filled in"),
    (r"\{[#.:][\w .#:='\"-]*\}", "gives an attribute as only some kinds of Markdown can"),
    (r"(?<![\w:]):[a-z][a-z0-9_+-]+:(?![\w:])", "is the name of an emoji; write the emoji"),
    (r"(?<!\*)\*\*(?=[^\s*])[^*\n]*[^\s*]\*\*(?!\*)", "marks nothing as bold; write <strong>…</strong>"),
    (r"(?<![\w*])\*(?=[^\s*])[^*\n]*[^\s*]\*(?!\*)", "marks nothing as emphasised; write <em>…</em>"),
    (r"(?<![\w_])__(?=[^\s_])[^_\n]*[^\s_]__(?![\w_])", "marks nothing as bold; write <strong>…</strong>"),
    (r"~~[^\s~][^~\n]*~~", "strikes nothing out; write <s>…</s>"),
    (r"(?<=\w)~[^\s~]+~", "lowers a letter as only some kinds of Markdown can; write <sub>…</sub>"),
    (r"(?<=\w)\^[^\s^]+\^", "raises a letter as only some kinds of Markdown can; write <sup>…</sup>"),
    (r"^#{2,6}[^\s#].*", "is a heading without a space after '#'"),
    (r"^ *\|(?:[^|\n]*\|){2,} *$", "is a row of a table that has no line of dashes under its headings"),
)  # fmt: skip
_LEFTOVERS = [(re.compile(pattern, re.MULTILINE), why) for pattern, why in _LEFT]
_IN_HTML = [
    *_LEFTOVERS,
    (re.compile(r"(?<!\])\[[^\[\]\n]+\]\([^)\n]*\)|^#{1,6} .*", re.MULTILINE), "is Markdown within HTML"),
]
_BRACKETED = re.compile(r"\[(?!sic\W*\]|\W+\]|\d+\])[^\[\]\n]{2,}\]", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]*>")
_AFTER_TAG = "; Markdown within HTML is read after an empty line only"
SHOWN = 60


def _note_faults(state: StateCore) -> None:
    """Collect in the environment what is wrong, each with its line; it is counted from 0."""
    faults: list[tuple[int, str]] = state.env.setdefault("faults", [])
    lines = state.src.split("\n")
    bracketed: list[tuple[int, str]] = state.env.setdefault("bracketed", [])
    line = 0
    for token in state.tokens:
        line = token.map[0] if token.map else line
        if token.type == "inline":
            faults += _faults_in(token.children or [], line)
            words = _words_of(token.children or [])
            bracketed += [(line + words.count("\n", 0, it.start()), it[0]) for it in _BRACKETED.finditer(words)]
        elif token.type == "fence" and token.map and not _is_closed(token, lines):
            faults.append((line, f"{token.markup!r} begins a block of code that is not closed"))
        elif token.type == "html_block" and not re.search(r"<(pre|code)\b", token.content, re.IGNORECASE):
            text = _TAGS.sub(lambda tag: _ELSE + "\n" * tag[0].count("\n"), _without_comments(token.content))
            faults += [(at, f"{fault}{_AFTER_TAG}") for at, fault in _left(text, line, _IN_HTML)]


def _is_closed(fence: Token, lines: Sequence[str]) -> bool:
    """Whether the last line of a fenced block is its fence; it may stand in a list or a quotation."""
    first, end = fence.map or (0, 0)
    last = lines[end - 1].lstrip(" >").rstrip()
    return end - first > 1 and len(last) >= len(fence.markup) and not last.strip(fence.markup[0])


def _without_comments(html: str) -> str:
    """HTML with its comments emptied; each line stays where it is."""
    kept: list[str] = []
    at = 0
    while (start := html.find("<!--", at)) >= 0 and (end := html.find("-->", start + 4)) >= 0:
        kept += [html[at:start], "\n" * html.count("\n", start, end)]
        at = end + 3
    return "".join([*kept, html[at:]])


def _faults_in(children: Sequence[Token], line: int) -> Iterator[tuple[int, str]]:
    at = line
    for number, child in enumerate(children):
        if child.type in ("softbreak", "hardbreak"):
            at += 1
            continue
        if child.type in ("link_open", "image") and (why := _bad_address(child, children[number + 1 :])):
            yield at, why
    yield from _left(_words_of(children), line, _LEFTOVERS)


def _words_of(children: Sequence[Token]) -> str:
    """The text of a paragraph, with its lines, and a sign for each thing that is no text."""
    breaks = ("softbreak", "hardbreak")
    return "".join("\n" if it.type in breaks else it.content if it.type == "text" else _ELSE for it in children)


def _bad_address(link: Token, after: Sequence[Token]) -> str | None:
    """Why a link or an image leads nowhere."""
    address = str(link.attrGet("src" if link.type == "image" else "href") or "")
    if link.type == "link_open" and after and after[0].type == "link_close":
        return f"the link to {address[:SHOWN]!r} has no text"
    schemes = schemes_of("img" if link.type == "image" else "a")
    if scheme_of(address) in schemes:
        return None
    what = "image" if link.type == "image" else "link"
    words = link.content if link.type == "image" else "".join(token.content for token in after[:1])
    return (
        f"the {what} {words[:SHOWN]!r} has the address {address[:SHOWN]!r}; addresses are absolute and begin with "
        f"{', '.join(sorted(schemes))}"
    )


def _left(text: str, line: int, patterns: Sequence[tuple[re.Pattern[str], str]]) -> Iterator[tuple[int, str]]:
    """The first fault of each kind in a stretch of text."""
    taken: list[range] = []
    for pattern, why in patterns:
        found = pattern.search(text)
        if found is None or any(found.start() in span for span in taken):
            continue
        taken.append(range(found.start(), found.end()))
        start = text.rfind("[", max(0, found.start() - SHOWN), found.start()) if found[0].startswith("]") else -1
        said = text[found.start() if start < 0 else start : found.end()].strip().replace(_ELSE, "…")
        shown = said if len(said) <= SHOWN else f"{said[:SHOWN]}…"
        yield line + text.count("\n", 0, found.start()), f"{shown!r} {why}"


def _unused_notes(text: str, environment: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Footnotes to which nothing refers: they would be lost."""
    for name, number in environment.get("footnotes", {}).get("refs", {}).items():
        if number < 0:
            label = name.removeprefix(":")
            at = text.count("\n", 0, max(0, text.find(f"[^{label}]:")))
            yield at, f"the footnote '[^{label}]' is explained, and no text refers to it"
