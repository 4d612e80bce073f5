"""`newsmlg2`: an IPTC NewsML-G2 2.35 newsItem (XML), conformance power.

One item a language, named as in ninjs: `guid` is the release's uri with `:language` after it, `altId` the release's own
uri, and a translation links to the item that it was made from. Codes are those of the IPTC's catalogue 41; where the
IPTC has none (a translator, what a text was translated from, the state of a translation) schema.org's stand as full
addresses. Made with lxml itself: one item of thirty elements needs no model of the whole standard.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from lxml import etree

from tasks.formatting.article import Article
from tasks.formatting.formats import Format
from tasks.formatting.plain import fold, tree
from tasks.model.release import Contact, Issuer
from tasks.runtime import moments

NAR = "http://iptc.org/std/nar/2006-10-01/"
XHTML = "http://www.w3.org/1999/xhtml"
CATALOG = "http://www.iptc.org/std/catalog/catalog.IPTC-G2-Standards_41.xml"
SCHEMA_ORG = "https://schema.org/"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document can hold, not even escaped."""
_LANGUAGE = re.compile("[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
"""What `xml:lang` may hold; HTML's `lang` may hold anything."""
_TAIL = r"(%[0-9A-Fa-f]{2}|[^\s%\[\]#])*"
_ADDRESS = re.compile(rf"https?://[^\s/?#%\[\]:@]+(:\d+)?([/?]{_TAIL})?(#{_TAIL})?")
"""Web addresses that the schema allows. A browser takes more, but one bad address makes the whole item invalid."""
_FURTHEST_ZONE = timedelta(hours=14)
_VOID = frozenset({"br", "hr", "img"})


def make(article: Article) -> bytes:
    """The article as an XML document in UTF-8; raises ValueError for an article without a time of receipt.

    The standard wants the moment at which a version was created, and a release's own dates are days, if there are any.
    """
    if article.received is None:
        raise ValueError("newsmlg2 needs the moment at which the release was received")
    item = etree.Element(_name("newsItem"), nsmap=_default(NAR))
    _set(item, standard="NewsML-G2", standardversion="2.35", conformance="power")
    _set(item, guid=article.uri, version=str(article.release.version), dir=article.direction)
    item.set(_LANG, article.language)
    _add(item, "catalogRef", href=CATALOG)
    _rights(item, article)
    _about_item(_add(item, "itemMeta"), article)
    _about_content(_add(item, "contentMeta"), article)
    if article.body_html:
        _content(_add(item, "contentSet"), article)
    return etree.tostring(item, encoding="UTF-8", xml_declaration=True)


def _rights(item: Any, article: Article) -> None:
    release = article.release
    terms = None if article.action == "kill" else article.disclaimer
    if not (release.rights or terms):
        return
    rights = _add(item, "rightsInfo")
    if release.rights:
        _foreign(_add(rights, "copyrightNotice", release.rights), article)
    if terms:
        _add(rights, "usageTerms", terms)


def _about_item(meta: Any, article: Article) -> None:
    """Fills `itemMeta`: the item as it is sent. The standard sets the order of the elements."""
    release, received = article.release, article.received
    _add(meta, "itemClass", qcode="ninat:text")
    _named(_add(meta, "provider", uri=article.wire.url), article.wire.name)
    _add(meta, "versionCreated", _moment(received) if received else None)
    if article.first_received:
        _add(meta, "firstCreated", _moment(article.first_received))
    if release.embargo_until:
        _add(meta, "embargoed", _moment(release.embargo_until))
    _add(meta, "pubStatus", qcode=f"stat:{article.pub_status}")
    if article.lead:
        _add(meta, "edNote", article.lead)
    if article.note:
        _foreign(_add(meta, "edNote", article.note), article)
    if article.machine_notice:
        _add(meta, "edNote", article.machine_notice)
    if article.action == "correct":  # a kill needs no signal: it is what stat:canceled says
        _add(meta, "signal", qcode="sig:correction")
    if article.translated:
        link = _add(meta, "link", reluri=SCHEMA_ORG + "translationOfWork", residref=article.source_uri)
        _set(link, version=str(release.version))
        _add(link, "language", tag=article.source_language)


def _about_content(meta: Any, article: Article) -> None:
    """Fills `contentMeta`: the text and its sources. The standard sets the order of the groups."""
    release = article.release
    _add(meta, "urgency", str(release.urgency))
    if release.dateline:
        _add(meta, "contentCreated", release.dateline.date.isoformat())
    if article.source_type:
        _add(meta, "digitalSourceType", qcode=f"digsrctype:{article.source_type}")
    if article.place:
        _named(_add(meta, "located"), article.place)
    _parties(meta, article)
    _add(meta, "altId", release.uri, version=str(release.version))
    _add(meta, "language", tag=article.language)
    for topic in dict.fromkeys(release.topics):
        subject = _add(meta, "subject", type="cpnat:abstract", qcode=f"medtop:{topic}")
        if name := article.topic_name(topic):
            _named(subject, name)
    for rank, headline in enumerate((article.headline, article.subheadline), 1):
        if headline:
            _add(meta, "headline", headline, rank=str(rank)).set(_LANG, article.content_language)
    if article.dateline:
        _add(meta, "dateline", article.dateline.strip())
    if status := article.translation.review:
        _add(meta, "contentMetaExtProperty", reluri=SCHEMA_ORG + "creativeWorkStatus", value=status)


def _parties(meta: Any, article: Article) -> None:
    """Adds the distributor, the issuer, the contacts and the engine that translated."""
    release, translation = article.release, article.translation
    _named(_add(meta, "infoSource", role="cpprole:distributor", uri=article.wire.url), article.wire.name)
    if release.issuer:
        _issuer(_add(meta, "creator"), release.issuer)
    for contact, original in zip(article.contacts, release.contacts, strict=True):
        party = _add(meta, "infoSource", role="cpprole:mediaOffice")
        _contact(party, contact, article, translated=contact.role != original.role)
    if translation.machine:
        engine = _add(meta, "contributor", roleuri=SCHEMA_ORG + "translator", literal=translation.engine)
        _named(engine, translation.model or translation.engine)


def _issuer(creator: Any, issuer: Issuer) -> None:
    _named(creator, issuer.name)
    url = issuer.url if issuer.url and _ADDRESS.fullmatch(issuer.url) else None
    if not (url or issuer.tickers):
        return
    details = _add(creator, "organisationDetails")
    if url:
        _add(_add(details, "contactInfo"), "web", url)
    for ticker in issuer.tickers:
        exchange, symbol = ticker.split(":", 1)
        _add(details, "hasInstrument", symbol=symbol, marketlabel=exchange)


def _contact(party: Any, contact: Contact, article: Article, *, translated: bool) -> None:
    _named(party, contact.name)
    if contact.role:
        note = _add(party, "note", contact.role)
        if translated:
            _set(note, dir=article.direction)
            note.set(_LANG, article.content_language)
        else:
            _foreign(note, article)
    ways = [(way, address) for way, address in (("email", contact.email), ("phone", contact.phone)) if address]
    if ways:
        info = _add(_add(party, "personDetails"), "contactInfo")
        for way, address in ways:
            _add(info, way, address)


def _content(content: Any, article: Article) -> None:
    """Adds the body as a complete XHTML document."""
    inline = _add(content, "inlineXML", contenttype="application/xhtml+xml", dir=article.direction)
    inline.set(_LANG, article.content_language)
    html = etree.SubElement(inline, f"{{{XHTML}}}html", nsmap=_default(XHTML))
    _set(html, lang=article.content_language, dir=article.direction)
    html.set(_LANG, article.content_language)
    etree.SubElement(etree.SubElement(html, f"{{{XHTML}}}head"), f"{{{XHTML}}}title").text = _xml(article.headline)
    _copy(tree(article.body_html), etree.SubElement(html, f"{{{XHTML}}}body"))


def _copy(element: Any, into: Any) -> None:
    """Copies text and children of an HTML element as XHTML. `tree` bounds how deep they nest."""
    into.text = _xml(element.text or "")
    last = None
    for child in element:
        if isinstance(child.tag, str):
            last = etree.SubElement(into, f"{{{XHTML}}}{child.tag}")
            _set(last, **dict(child.attrib))
            language = child.get("lang") or ""
            if _LANGUAGE.fullmatch(language):
                last.set(_LANG, language)
            if child.tag not in _VOID:
                _copy(child, last)
        tail = _xml(child.tail or "")
        if last is None:
            into.text += tail
        else:
            last.tail = (last.tail or "") + tail


def _foreign(element: Any, article: Article) -> None:
    """Marks a text that stays in the language of the release because nobody translates it."""
    element.set(_LANG, article.release.language)
    element.set("dir", article.release.language.direction)


def _moment(moment: datetime) -> str:
    """The moment in its own time zone, or in UTC if XML Schema does not allow that zone."""
    offset = moment.utcoffset()
    return (moments.in_zone(moment, UTC) if offset and abs(offset) > _FURTHEST_ZONE else moment).isoformat()


def _default(namespace: str) -> Any:
    """The namespace of elements without a prefix, for lxml's `nsmap`."""
    return {None: namespace}


def _name(tag: str) -> str:
    return f"{{{NAR}}}{tag}"


def _add(parent: Any, tag: str, text: str | None = None, /, **attributes: str) -> Any:
    element = etree.SubElement(parent, _name(tag))
    if text is not None:
        element.text = _xml(text)
    _set(element, **attributes)
    return element


def _named(party: Any, name: str) -> None:
    """Adds a `name`, which is a single line without tabs."""
    _add(party, "name", fold(name))


def _set(element: Any, /, **attributes: str) -> None:
    for name, value in attributes.items():
        element.set(name, _xml(value))


def _xml(text: str) -> str:
    return _NOT_XML.sub("", text)


FORMAT = Format(content_type="application/vnd.iptc.g2.newsitem+xml; charset=utf-8", make=make)
