"""Writes how a text was translated as one line that programs can read, for a header and for `<meta>`.

An Item of RFC 9651 (Structured Field Values), a token with parameters:

    source                                              the release itself
    supplied                                            the producer's own translation
    memory;status="approved";from="en"                  every sentence was approved before
    machine;engine="apertium";model="apertium-eng-spa 0.8.1";status="unreviewed";from="en"

Parameters that are not known are left out; receivers must take others that come later.
"""

from __future__ import annotations

from tasks.model.release import Translation


def provenance(translation: Translation) -> str:
    """The value of the header `Fanwire-Translation` for a translation: visible ASCII, whatever an engine calls its
    model."""
    kind = "machine" if translation.machine else translation.engine
    parameters = {
        "engine": translation.engine if translation.machine else None,
        "model": translation.model if translation.machine else None,
        "status": translation.review,
        "from": None if translation.by_producer else translation.source,
    }
    return kind + "".join(f";{name}={_string(value)}" for name, value in parameters.items() if value)


def _string(value: str) -> str:
    """The value as an sf-string, or as a Display String (`%"…"`, percent-encoded UTF-8) if it is not visible ASCII."""
    if value.isascii() and value.isprintable():
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return '%"' + "".join(_byte(byte) for byte in value.encode(errors="replace")) + '"'


def _byte(byte: int) -> str:
    return f"%{byte:02x}" if byte in b'%"' or not 0x20 <= byte < 0x7F else chr(byte)
