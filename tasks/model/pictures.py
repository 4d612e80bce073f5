"""Pictures in a body and items of `media`: each `<img>` of a body becomes one, and gets the words of it.

After reading, every picture of a body is `<img src="media:ID">`; one alone in its paragraph is a `<figure>`. The body
has the words that are shown: those that it had, else those of the item.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

from lxml import etree
from lxml import html as lxml_html

from tasks.model.markup import clean_html, scheme_of, text_of
from tasks.model.media import MAX_MEDIA, SCHEME, Media, MediaWords, written


class Items:
    """The media of a release while its bodies are read, in order; a picture that is in none of them yet is added."""

    def __init__(self, given: list[Media]) -> None:
        self.by_id = {item.id: item for item in given}
        self._by_url = {item.url: item.id for item in given if item.url}

    def id_of(self, address: str, width: str | None, height: str | None) -> str:
        """The id of the picture at an address; raises ValueError for one that no item can be made of."""
        if address.startswith(SCHEME):
            id = address.removeprefix(SCHEME)
            item = self.by_id.get(id)
            if item is None:
                known = ", ".join(self.by_id) or "empty"
                raise ValueError(f"the body shows {address[:120]!r}, and media has no such id: it is {known[:300]}")
            if item.type != "picture":
                raise ValueError(f"the body shows {address[:120]!r} as a picture, and in media it is: {item.type}")
            return id
        scheme = scheme_of(address)
        url = written(scheme + address[len(scheme) :])
        id = self._by_url.setdefault(url, f"img-{hashlib.sha256(url.encode()).hexdigest()[:12]}")
        if id not in self.by_id:
            if len(self.by_id) >= MAX_MEDIA:
                raise ValueError(f"media: a release has at most {MAX_MEDIA} pictures and other files")
            sizes = {name: _pixels(value) for name, value in (("width", width), ("height", height))}
            self.by_id[id] = Media.model_validate({"id": id, "type": "picture", "url": url} | sizes)
        return id

    def say(self, shown: Mapping[str, MediaWords]) -> None:
        """Give items the words that the body shows with them, where they have none."""
        for id, words in shown.items():
            self.by_id[id] = self.by_id[id].or_else(words)


def _pixels(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and 0 < int(value[:9]) <= 1_000_000 else None


def with_items(body: str, items: Items, words: Mapping[str, MediaWords]) -> tuple[str, dict[str, MediaWords]]:
    """A clean body in which each picture is one of the items, with its `words` where it has none of its own; and the
    words of all pictures as they are then.

    Raises ValueError for a picture that is no item and can be none.
    """
    if "<img" not in body:
        return body, {}
    root = _parsed(body)
    for picture in list(root.iter("img")):
        id = items.id_of(picture.get("src", ""), picture.get("width"), picture.get("height"))
        picture.set("src", f"{SCHEME}{id}")
        figure = _figure_of(picture, root)
        said = words.get(id, MediaWords())
        if said.alt and not _words(picture.get("alt")):
            picture.set("alt", said.alt)
        if said.caption and figure is not None and figure.find(".//figcaption") is None:
            etree.SubElement(figure, "figcaption").text = said.caption
    shown = _shown_in(root)
    return clean_html(_written(root)), shown


def words_shown(body: str) -> dict[str, MediaWords]:
    """By id, what a body says of each picture that is an item of `media`; a picture that stands there twice, once."""
    return _shown_in(_parsed(body)) if SCHEME in body else {}


def with_addresses(body: str, addresses: Mapping[str, str]) -> str:
    """A clean body with the address of each picture in the place of its id; raises ValueError for one that has none."""
    if SCHEME not in body:
        return body
    root = _parsed(body)
    for picture in root.iter("img"):
        address = picture.get("src", "")
        if address.startswith(SCHEME):
            id = address.removeprefix(SCHEME)
            if id not in addresses:
                raise ValueError(f"the body shows {address[:120]!r}, which the release has not")
            picture.set("src", addresses[id])
    return clean_html(_written(root))


def without_pictures(body: str, ids: Collection[str]) -> str:
    """A clean body without these pictures, and without the figures in which nothing else stands."""
    if SCHEME not in body or not ids:
        return body
    root = _parsed(body)
    for picture in list(root.iter("img")):
        if picture.get("src", "").removeprefix(SCHEME) in ids:
            figure = next(picture.iterancestors("figure"), None)
            (picture if figure is None or _pictures_in(figure) > 1 else figure).drop_tree()
    return clean_html(_written(root))


def _shown_in(root: lxml_html.HtmlElement) -> dict[str, MediaWords]:
    found: dict[str, MediaWords] = {}
    for picture in root.iter("img"):
        id = picture.get("src", "").removeprefix(SCHEME)
        figure = next(picture.iterancestors("figure"), None)
        caption = None if figure is None or _pictures_in(figure) > 1 else figure.find(".//figcaption")
        said = MediaWords.model_construct(
            caption=None if caption is None else text_of(caption) or None, alt=_words(picture.get("alt"))
        )
        found.setdefault(id, said)
    return found


def _figure_of(picture: lxml_html.HtmlElement, root: lxml_html.HtmlElement) -> lxml_html.HtmlElement | None:
    """The figure of a picture that has it for itself; a paragraph of the body with nothing else in it becomes one."""
    figure = next(picture.iterancestors("figure"), None)
    if figure is not None:
        return figure if _pictures_in(figure) == 1 else None
    parent = picture.getparent()
    if parent.tag == "p" and parent.getparent() is root and len(parent) == 1 and not text_of(parent):
        parent.tag = "figure"
        parent.text = picture.tail = None
        return parent
    return None


def _pictures_in(figure: lxml_html.HtmlElement) -> int:
    return sum(1 for _ in figure.iter("img"))


def _words(text: str | None) -> str | None:
    return " ".join((text or "").split()) or None


def _parsed(body: str) -> lxml_html.HtmlElement:
    return lxml_html.fragment_fromstring(body, create_parent="div")


def _written(root: lxml_html.HtmlElement) -> str:
    html: str = lxml_html.tostring(root, encoding="unicode")
    return html
