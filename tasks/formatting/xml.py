"""XML that every parser reads: text without what no document can hold, languages and moments as XML Schema has them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from lxml import etree

from tasks.runtime import moments

LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document can hold, not even escaped."""
_LANGUAGE = re.compile("[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
"""What `xml:lang` may hold; HTML's `lang` may hold anything."""
_FURTHEST_ZONE = timedelta(hours=14)


def clean(text: str) -> str:
    """The text without characters that XML cannot hold."""
    return _NOT_XML.sub("", text)


def element(parent: Any, tag: str, text: str | None = None, /, **attributes: str) -> Any:
    """Add an element in the namespace of its parent, with text and attributes, and return it."""
    namespace = etree.QName(parent).namespace
    made = etree.SubElement(parent, f"{{{namespace}}}{tag}" if namespace else tag)
    if text is not None:
        made.text = clean(text)
    put(made, **attributes)
    return made


def put(element: Any, /, **attributes: str) -> None:
    """Set attributes of an element."""
    for name, value in attributes.items():
        element.set(name, clean(value))


def append(element: Any, text: str) -> None:
    """Add text after all that an element holds."""
    if len(element):
        element[-1].tail = (element[-1].tail or "") + clean(text)
    else:
        element.text = (element.text or "") + clean(text)


def put_language(element: Any, language: str | None) -> None:
    """Set `xml:lang`, if the language is one that it may hold."""
    if language and _LANGUAGE.fullmatch(language):
        element.set(LANG, language)


def moment(moment: datetime) -> str:
    """The moment in its own time zone, or in UTC if XML Schema does not allow that zone."""
    offset = moment.utcoffset()
    return (moments.in_zone(moment, UTC) if offset and abs(offset) > _FURTHEST_ZONE else moment).isoformat()


def document(root: Any) -> bytes:
    """The document as UTF-8, with its declaration."""
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
