"""`nitf`: an IPTC NITF 3.6 document (XML).

One document a language: `doc-id` is the release's uri with `:language` after it, `du-key` the release's own with the
version. What NITF has no element for (provenance, the item that was translated) stands in `meta`. The wire's own words
and the contacts are a `note` at the end, not body. Made with lxml itself: there is no kept library for NITF.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lxml import etree

from tasks.formatting import xml
from tasks.formatting.article import Article
from tasks.formatting.formats import Format
from tasks.formatting.nitf_body import fill
from tasks.formatting.nitf_media import add_media
from tasks.formatting.plain import fold
from tasks.model.provenance import provenance
from tasks.model.release import MEDIA_TOPIC, Contact
from tasks.runtime import moments

NITF = "http://iptc.org/std/NITF/2006-10-18/"
DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_NAMESPACES: Any = {None: NITF}


def make(article: Article) -> bytes:
    """The article as an XML document in UTF-8."""
    document = etree.Element(f"{{{NITF}}}nitf", nsmap=_NAMESPACES)
    xml.put(document, version="-//IPTC//DTD NITF 3.6//EN", baselang=article.language)
    document.set(xml.LANG, article.language)
    head = xml.element(document, "head")
    xml.element(head, "title", article.headline)
    for name, content in _meta(article).items():
        if content:
            xml.element(head, "meta", name=name, content=content)
    xml.element(head, "tobject", **{"tobject.type": "news"})
    _docdata(xml.element(head, "docdata"), article)
    if article.first_received:
        moment = _moment(article.first_received)
        xml.element(head, "revision-history", **{"name": article.wire.name, "norm": moment, "comment": "first version"})
    body = xml.element(document, "body")
    body.set(xml.LANG, article.content_language)
    _body_head(xml.element(body, "body.head"), article)
    content = xml.element(body, "body.content")
    if article.body_html:
        fill(content, article.body_html)
    add_media(content, article)
    return xml.document(document)


def _meta(article: Article) -> dict[str, str | None]:
    code = article.source_type
    return {
        "fanwire:translation": provenance(article.translation),
        "fanwire:translation-of": article.source_uri if article.translated else None,
        "fanwire:also-in": " ".join(uri for _, uri in article.also_in),
        "fanwire:direction": article.direction,
        "digitalsourcetype": DIGITAL_SOURCE_TYPE + code if code else None,
    }


def _docdata(data: Any, article: Article) -> None:
    release = article.release
    xml.put(data, **{"management-status": article.pub_status})
    if article.action in ("kill", "correct"):
        xml.put(data, **{"management-doc-idref": article.uri})
        info = " ".join(part for part in (article.lead, article.note) if part)
        xml.element(data, "correction", **{"info": info, "id-string": article.uri, "regsrc": article.wire.name})
    xml.element(data, "doc-id", **{"id-string": article.uri, "regsrc": article.wire.name})
    xml.element(data, "urgency", **{"ed-urg": str(release.urgency)})
    if article.received:
        xml.element(data, "date.issue", norm=_moment(article.received))
    if release.embargo_until:
        xml.element(data, "date.release", norm=_moment(release.embargo_until))
    for note in (article.lead, article.note):
        if note:
            xml.element(data, "ed-msg", info=note)
    xml.element(data, "du-key", key=release.uri, version=str(release.version))
    if article.action != "kill":
        xml.element(data, "doc.rights", limitations=article.disclaimer)
    _identified(data, article)


def _identified(data: Any, article: Article) -> None:
    """Adds issuer and Media Topics, if there are any."""
    release = article.release
    if not (release.issuer or release.topics):
        return
    content = xml.element(data, "identified-content")
    if issuer := release.issuer:
        company = xml.element(content, "org", fold(issuer.name), **{"class": "issuer"})
        for ticker in issuer.tickers:
            exchange, symbol = ticker.split(":", 1)
            xml.element(company, "alt-code", idsrc=exchange, value=symbol)
        for kind, codes in (("ISIN", issuer.isin), ("LEI", [issuer.lei] if issuer.lei else [])):
            for code in codes:
                xml.element(company, "alt-code", idsrc=kind, value=code)
        if issuer.url:
            xml.element(content, "virtloc", fold(issuer.name), **{"class": "issuer", "value": issuer.url})
    for topic in dict.fromkeys(release.topics):
        xml.element(content, "classifier", article.topic_name(topic), type="subject", idsrc=MEDIA_TOPIC, value=topic)


def _body_head(head: Any, article: Article) -> None:
    """Fills `body.head`. The schema sets the order of the elements."""
    release = article.release
    headlines = xml.element(head, "hedline")
    xml.element(headlines, "hl1", article.headline)
    if article.subheadline:
        xml.element(headlines, "hl2", article.subheadline)
    _notes(head, article)
    if release.rights:
        _foreign(xml.element(head, "rights", release.rights), article)
    if release.issuer:
        line = xml.element(head, "byline")
        xml.element(xml.element(line, "byttl"), "org", release.issuer.name)
    xml.element(xml.element(head, "distributor"), "org", article.wire.name, value=article.wire.url)
    if article.dateline:
        _dateline(xml.element(head, "dateline"), article)


def _notes(head: Any, article: Article) -> None:
    """Adds what editors read first, and what readers read last: notices, contacts and the wire's own words."""
    if article.lead or article.note:
        note = _note(head, "editorsnote", "npa")
        if article.lead:
            xml.element(note, "p", article.lead)
        if article.note:
            _foreign(xml.element(note, "p", article.note), article)
    end = _note(head, "end", "pa")
    if article.contacts:
        xml.element(end, "p", article.house.texts.contact, **{"class": "contacts"})
    for contact in article.contacts:
        _contact(xml.element(end, "p", **{"class": "contact"}), contact)
    if article.action == "kill":
        xml.element(end, "p", article.release.name, **{"class": "identifier"})
        return
    boilerplate = {
        "machine-translation": article.machine_notice,
        "disclaimer": article.disclaimer,
        "industries": article.industries,
        "about": article.about,
    }
    for name, text in boilerplate.items():
        if text:
            xml.element(end, "p", text, **{"class": name})


def _note(head: Any, noteclass: str, type: str) -> Any:
    note = xml.element(head, "note", noteclass=noteclass, type=type)
    return xml.element(note, "body.content")


def _contact(line: Any, contact: Contact) -> None:
    xml.element(line, "person", fold(contact.name))
    if contact.role:
        xml.append(line, " · ")
        xml.element(line, "function", fold(contact.role))
    if contact.email:
        xml.append(line, " · ")
        xml.element(line, "a", contact.email, href=f"mailto:{contact.email}")
    if contact.phone:
        xml.append(line, f" · {contact.phone}")


def _dateline(line: Any, article: Article) -> None:
    """The dateline, with its place and its day as elements where it has them as they are."""
    release, text = article.release, article.dateline.strip()
    day = release.dateline.date if release.dateline else None
    marked: list[tuple[str, str, dict[str, str]]] = []
    if article.place:
        marked.append(("location", article.place, {}))
    if day:
        marked.append(("story.date", article.house.day(day), {"norm": day.isoformat().replace("-", "")}))
    for tag, words, attributes in sorted(marked, key=lambda mark: text.find(mark[1])):
        before, found, after = text.partition(words)
        if found:
            xml.append(line, before)
            xml.element(line, tag, words, **attributes)
            text = after
    xml.append(line, text)


def _foreign(element: Any, article: Article) -> None:
    """Marks a text that stays in the language of the release because nobody translates it."""
    if article.translated:
        element.set(xml.LANG, article.release.language)


def _moment(moment: datetime) -> str:
    """The moment as NITF has it, in UTC: `20261122T093015Z`."""
    return moments.utc(moment).replace("-", "").replace(":", "")


FORMAT = Format(content_type="text/vnd.IPTC.NITF; charset=utf-8", make=make, ending="nitf.xml")
