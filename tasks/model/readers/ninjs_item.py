"""Reads the fields of a release from an IPTC ninjs 3.x item."""

from __future__ import annotations

import re
from typing import Any

from tasks.model.readers.ninjs_media import media_of
from tasks.model.release import MEDIA_TOPIC, TICKER


def is_ninjs(document: Any) -> bool:
    """Whether a document has fields that only ninjs has."""
    return isinstance(document, dict) and ("bodies" in document or "headlines" in document or "pubStatus" in document)


_LEI = "lei:"
"""What stands before the LEI of an organisation in its `literal`."""


def fields_of(item: dict[str, Any]) -> dict[str, Any]:
    """The release fields of a ninjs 3.x item; what the item does not say is left to the defaults.

    Raises AttributeError, TypeError or ValueError for an item that is none.
    """

    def first(name: str, *, role: str | None = None) -> str | None:
        texts = [entry for entry in item.get(name) or [] if isinstance(entry, dict)]
        chosen = [entry for entry in texts if role is None or entry.get("role") == role] or texts[:1]
        return chosen[0].get("value") if chosen else None

    def html_body() -> dict[str, str]:
        for body in item.get("bodies") or []:
            if isinstance(body, dict) and "html" in str(body.get("contentType", "")):
                return {"body_html": body.get("value", "")}
        text = first("bodies")
        return {"body_markdown": text} if text else {}

    topics = [
        s.get("uri", "") for s in item.get("subjects") or [] if MEDIA_TOPIC.split("://")[1] in str(s.get("uri", ""))
    ]
    organisations = [o for o in item.get("organisations") or [] if isinstance(o, dict) and o.get("name")]
    release = {
        "uri": item.get("uri"),
        "version": int(item["version"]) if str(item.get("version", "")).isdigit() else item.get("version"),
        "language": item.get("language"),
        "headline": first("headlines", role="main") or item.get("title"),
        "urgency": item.get("urgency"),
        "embargo_until": item.get("embargoedUntil") or item.get("embargoed"),
        "status": {"usable": "usable", "canceled": "canceled"}.get(
            item.get("pubStatus", "usable"), item.get("pubStatus")
        ),
        "rights": item.get("copyrightNotice"),
        "topics": topics,
        "issuer": _issuer(organisations[0]) if organisations else None,
        "media": media_of(item) or None,
        **html_body(),
    }
    return {field: value for field, value in release.items() if value is not None}


def _issuer(organisation: dict[str, Any]) -> dict[str, Any]:
    """Name, tickers, ISINs and LEI of an organisation; symbols of other kinds and of exchanges without a code are left
    out."""
    symbols = [symbol for symbol in organisation.get("symbols") or [] if isinstance(symbol, dict)]
    literal = str(organisation.get("literal", ""))
    return {
        "name": organisation["name"],
        "tickers": [ticker for one in symbols if re.fullmatch(TICKER, ticker := _ticker(one))],
        "isin": [one["symbol"] for one in symbols if one.get("symbol") and _is_isin(one)],
        "lei": literal[len(_LEI) :] if literal.lower().startswith(_LEI) else None,
    }


def _ticker(symbol: dict[str, Any]) -> str:
    return f"{symbol.get('exchange')}:{symbol.get('symbol')}"


def _is_isin(symbol: dict[str, Any]) -> bool:
    return str(symbol.get("symbolType", "")).lower().endswith(("/isin", "/p946"))
