"""`newsmlg2`: an IPTC NewsML-G2 2.35 newsItem (XML), conformance power.

One item a language, named as in ninjs: `guid` is the release's uri with `:language` after it, `altId` the release's own
uri, and a translation links to the item that it was made from. Codes are those of the IPTC's catalogue 41; where the
IPTC has none (a translator, what a text was translated from, the state of a translation) schema.org's stand as full
addresses. Made with lxml itself: one item of thirty elements needs no model of the whole standard.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from lxml import etree

from tasks.formatting import xml
from tasks.formatting.article import Article
from tasks.formatting.article_media import ArticleMedia
from tasks.formatting.formats import Format
from tasks.formatting.media_html import shown_at
from tasks.formatting.plain import fold, tree
from tasks.model.release import Contact, Issuer

NAR = "http://iptc.org/std/nar/2006-10-01/"
XHTML = "http://www.w3.org/1999/xhtml"
CATALOG = "http://www.iptc.org/std/catalog/catalog.IPTC-G2-Standards_41.xml"
SCHEMA_ORG = "https://schema.org/"
ISIN = "http://www.wikidata.org/entity/P946"
"""What an ISIN is, as the source of a symbol: the IPTC has no code for it in its catalogue."""
_TAIL = r"(%[0-9A-Fa-f]{2}|[^\s%\[\]#])*"
_ADDRESS = re.compile(rf"https?://[^\s/?#%\[\]:@]+(:\d+)?([/?]{_TAIL})?(#{_TAIL})?")
"""Web addresses that the schema allows. A browser takes more, but one bad address makes the whole item invalid."""
_VOID = frozenset({"br", "hr", "img"})


def make(article: Article) -> bytes:
    """The article as an XML document in UTF-8; raises ValueError for an article without a time of receipt.

    The standard wants the moment at which a version was created, and a release's own dates are days, if there are any.
    """
    if article.received is None:
        raise ValueError("newsmlg2 needs the moment at which the release was received")
    item = etree.Element(f"{{{NAR}}}newsItem", nsmap=_default(NAR))
    xml.put(item, standard="NewsML-G2", standardversion="2.35", conformance="power")
    xml.put(item, guid=article.uri, version=str(article.release.version), dir=article.direction)
    item.set(xml.LANG, article.language)
    xml.element(item, "catalogRef", href=CATALOG)
    _rights(item, article)
    _about_item(xml.element(item, "itemMeta"), article)
    _about_content(xml.element(item, "contentMeta"), article)
    if article.body_html:
        _content(xml.element(item, "contentSet"), article)
    return xml.document(item)


def _rights(item: Any, article: Article) -> None:
    release = article.release
    terms = None if article.action == "kill" else article.disclaimer
    if not (release.rights or terms):
        return
    rights = xml.element(item, "rightsInfo")
    if release.rights:
        _foreign(xml.element(rights, "copyrightNotice", release.rights), article)
    if terms:
        xml.element(rights, "usageTerms", terms)


_NATURES = {"picture": "ninat:picture", "video": "ninat:video", "audio": "ninat:audio"}


def _about_item(meta: Any, article: Article) -> None:
    """Fills `itemMeta`: the item as it is sent. The standard sets the order of the elements."""
    release, received = article.release, article.received
    xml.element(meta, "itemClass", qcode="ninat:text")
    _named(xml.element(meta, "provider", uri=article.wire.url), article.wire.name)
    xml.element(meta, "versionCreated", xml.moment(received) if received else None)
    if article.first_received:
        xml.element(meta, "firstCreated", xml.moment(article.first_received))
    if release.embargo_until:
        xml.element(meta, "embargoed", xml.moment(release.embargo_until))
    xml.element(meta, "pubStatus", qcode=f"stat:{article.pub_status}")
    if article.lead:
        xml.element(meta, "edNote", article.lead)
    if article.note:
        _foreign(xml.element(meta, "edNote", article.note), article)
    if article.machine_notice:
        xml.element(meta, "edNote", article.machine_notice)
    if article.action == "correct":  # a kill needs no signal: it is what stat:canceled says
        xml.element(meta, "signal", qcode="sig:correction")
    if article.translated:
        link = xml.element(meta, "link", reluri=SCHEMA_ORG + "translationOfWork", residref=article.source_uri)
        xml.put(link, version=str(release.version))
        xml.element(link, "language", tag=article.source_language)
    for language, uri in article.also_in:
        if not (article.translated and uri == article.source_uri):
            link = xml.element(meta, "link", reluri=SCHEMA_ORG + "workTranslation", residref=uri)
            xml.put(link, version=str(release.version))
            xml.element(link, "language", tag=language)
    for item in article.media:
        _medium(meta, item)


def _medium(meta: Any, item: ArticleMedia) -> None:
    """Adds a link to a file that belongs to the article, with what is known of it as hints.

    A file is no rendition of the text, and so it is not in `contentSet`.
    """
    link = xml.element(meta, "link", reluri=SCHEMA_ORG + "associatedMedia", href=_iri(item.href))
    kind = {"contenttype": item.content_type, "size": item.bytes, "title": item.caption or item.alt or item.name}
    xml.put(link, **{name: str(value) for name, value in kind.items() if value})
    if item.type in _NATURES:
        xml.element(link, "itemClass", qcode=_NATURES[item.type])
    if item.credit:
        xml.element(link, "creditline", item.credit)
    for role, text in (("drol:caption", item.caption), ("drol:alt", item.alt)):
        if text:
            xml.element(link, "description", text, role=role)
    if item.rights:
        xml.element(xml.element(link, "rightsInfo"), "usageTerms", item.rights)
    files = [(item.href, item.content_type, item.width, item.height, item.bytes)]
    files += [(one.href, one.content_type, one.width, one.height, one.bytes) for one in item.sizes]
    for number, (href, content_type, width, height, size) in enumerate(files):
        file = xml.element(link, "remoteContent", href=_iri(href))
        known = {"contenttype": content_type, "width": width, "height": height, "size": size}
        if not number and item.duration:
            known["duration"] = f"{item.duration:g}"
        xml.put(file, **{name: str(value) for name, value in known.items() if value})


def _icon(meta: Any, article: Article) -> None:
    """Adds the first picture as what stands for the article."""
    if item := next((item for item in article.media if item.type == "picture"), None):
        shown = shown_at(item)
        icon = xml.element(meta, "icon", href=_iri(shown))
        if shown == item.href:
            known = {"contenttype": item.content_type, "width": item.width, "height": item.height}
            xml.put(icon, **{name: str(value) for name, value in known.items() if value})


def _iri(address: str) -> str:
    """The address as the schema takes it, which wants brackets and the like percent-encoded."""
    return quote(address, safe="%:/?#@!$&'()*+,;=~")


def _about_content(meta: Any, article: Article) -> None:
    """Fills `contentMeta`: the text and its sources. The standard sets the order of the groups."""
    release = article.release
    _icon(meta, article)
    xml.element(meta, "urgency", str(release.urgency))
    if release.dateline:
        xml.element(meta, "contentCreated", release.dateline.date.isoformat())
    if article.source_type:
        xml.element(meta, "digitalSourceType", qcode=f"digsrctype:{article.source_type}")
    if article.place:
        _named(xml.element(meta, "located"), article.place)
    _parties(meta, article)
    xml.element(meta, "altId", release.uri, version=str(release.version))
    xml.element(meta, "language", tag=article.language)
    for topic in dict.fromkeys(release.topics):
        subject = xml.element(meta, "subject", type="cpnat:abstract", qcode=f"medtop:{topic}")
        if name := article.topic_name(topic):
            _named(subject, name)
    for rank, headline in enumerate((article.headline, article.subheadline), 1):
        if headline:
            xml.element(meta, "headline", headline, rank=str(rank)).set(xml.LANG, article.content_language)
    if article.dateline:
        xml.element(meta, "dateline", article.dateline.strip())
    if status := article.translation.review:
        xml.element(meta, "contentMetaExtProperty", reluri=SCHEMA_ORG + "creativeWorkStatus", value=status)


def _parties(meta: Any, article: Article) -> None:
    """Adds the distributor, the issuer, the contacts and the engine that translated."""
    release, translation = article.release, article.translation
    _named(xml.element(meta, "infoSource", role="cpprole:distributor", uri=article.wire.url), article.wire.name)
    if release.issuer:
        _issuer(xml.element(meta, "creator"), release.issuer)
    for contact, original in zip(article.contacts, release.contacts, strict=True):
        party = xml.element(meta, "infoSource", role="cpprole:mediaOffice")
        _contact(party, contact, article, translated=contact.role != original.role)
    if translation.machine:
        engine = xml.element(meta, "contributor", roleuri=SCHEMA_ORG + "translator", literal=translation.engine)
        _named(engine, translation.model or translation.engine)


def _issuer(creator: Any, issuer: Issuer) -> None:
    _named(creator, issuer.name)
    url = issuer.url if issuer.url and _ADDRESS.fullmatch(issuer.url) else None
    if issuer.lei:
        xml.element(creator, "related", reluri=SCHEMA_ORG + "leiCode", value=issuer.lei)
    if not (url or issuer.tickers or issuer.isin):
        return
    details = xml.element(creator, "organisationDetails")
    if url:
        xml.element(xml.element(details, "contactInfo"), "web", url)
    for ticker in issuer.tickers:
        exchange, symbol = ticker.split(":", 1)
        xml.element(details, "hasInstrument", symbol=symbol, marketlabel=exchange)
    for isin in issuer.isin:
        xml.element(details, "hasInstrument", symbol=isin, symbolsrcuri=ISIN)


def _contact(party: Any, contact: Contact, article: Article, *, translated: bool) -> None:
    _named(party, contact.name)
    if contact.role:
        note = xml.element(party, "note", contact.role)
        if translated:
            xml.put(note, dir=article.direction)
            note.set(xml.LANG, article.content_language)
        else:
            _foreign(note, article)
    ways = [(way, address) for way, address in (("email", contact.email), ("phone", contact.phone)) if address]
    if ways:
        info = xml.element(xml.element(party, "personDetails"), "contactInfo")
        for way, address in ways:
            xml.element(info, way, address)


def _content(content: Any, article: Article) -> None:
    """Adds the body as a complete XHTML document."""
    inline = xml.element(content, "inlineXML", contenttype="application/xhtml+xml", dir=article.direction)
    inline.set(xml.LANG, article.content_language)
    html = etree.SubElement(inline, f"{{{XHTML}}}html", nsmap=_default(XHTML))
    xml.put(html, lang=article.content_language, dir=article.direction)
    html.set(xml.LANG, article.content_language)
    etree.SubElement(etree.SubElement(html, f"{{{XHTML}}}head"), f"{{{XHTML}}}title").text = xml.clean(article.headline)
    _copy(tree(article.body_html), etree.SubElement(html, f"{{{XHTML}}}body"))


def _copy(element: Any, into: Any) -> None:
    """Copies text and children of an HTML element as XHTML. `tree` bounds how deep they nest."""
    into.text = xml.clean(element.text or "")
    last = None
    for child in element:
        if isinstance(child.tag, str):
            last = etree.SubElement(into, f"{{{XHTML}}}{child.tag}")
            xml.put(last, **dict(child.attrib))
            xml.put_language(last, child.get("lang"))
            if child.tag not in _VOID:
                _copy(child, last)
        tail = xml.clean(child.tail or "")
        if last is None:
            into.text += tail
        else:
            last.tail = (last.tail or "") + tail


def _foreign(element: Any, article: Article) -> None:
    """Marks a text that stays in the language of the release because nobody translates it."""
    element.set(xml.LANG, article.release.language)
    element.set("dir", article.release.language.direction)


def _default(namespace: str) -> Any:
    """The namespace of elements without a prefix, for lxml's `nsmap`."""
    return {None: namespace}


def _named(party: Any, name: str) -> None:
    """Adds a `name`, which is a single line without tabs."""
    xml.element(party, "name", fold(name))


FORMAT = Format(content_type="application/vnd.iptc.g2.newsitem+xml; charset=utf-8", make=make, ending="newsmlg2.xml")
