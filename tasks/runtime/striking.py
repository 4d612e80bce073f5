"""Strikes secrets from what others say to us: an outlet, a service or a library may repeat what we sent it.

A secret is found as it is and in base64 (alone, or as a part of more, such as `user:password`), and both of them quoted
as in URLs, escaped as in JSON or XML, or several of these one in another; in small or capital letters. A text may have
been cut anywhere, so the beginning of a secret at its end is struck too. Strike first, and cut afterwards.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import lru_cache

STRUCK = b"***"
LEAST_BEGINNING = 4
"""So many bytes of a secret's beginning are struck at the end of a text; fewer say nothing."""
LEAST_INNER = 8
"""So many bytes of a secret are looked for within the base64 of something longer; fewer would be found by chance."""
DEPTH = 3
"""Escapes within escapes that are looked into: JSON in JSON, or a URL in it."""


def strike(said: bytes, secrets: tuple[str, ...]) -> bytes:
    """`said` with `***` for each secret in it. If a secret was escaped in it, the whole comes back without escapes."""
    if not said or not secrets:
        return said
    forms = _forms(secrets)
    level = said = _struck(said.replace(b"\0", b""), forms)  # in UTF-16 there is a zero beside each letter
    for _ in range(DEPTH):
        plain = _ESCAPE.sub(_unescaped, level)
        if plain == level:
            break
        level = _struck(plain, forms)
        if level != plain:
            said = level
    return said


def strike_text(said: str, secrets: tuple[str, ...]) -> str:
    """The text `said` with `***` for each secret in it."""
    return strike(said.encode("utf-8", "replace"), secrets).decode("utf-8", "replace")


@lru_cache(maxsize=4096)
def _forms(secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    """What to look for, in small letters, the longest first."""
    found = {form.lower() for secret in secrets if secret for form in _forms_of(secret)}
    return tuple(sorted(found, key=len, reverse=True))


def _forms_of(secret: str) -> Iterator[bytes]:
    raw = secret.encode("utf-8", "surrogateescape")
    yield raw
    if b" " in raw:
        yield raw.replace(b" ", b"+")  # as forms write it
    for form in _base64(raw):
        yield form
        yield form.translate(_FOR_URLS)


def _base64(raw: bytes) -> Iterator[bytes]:
    """Of the secret alone; and what its bytes alone decide in the base64 of something longer, wherever in it."""
    yield b64encode(raw).rstrip(b"=")
    if len(raw) >= LEAST_INNER:
        for before, mixed in ((0, 0), (1, 2), (2, 3)):  # characters that the bytes before it decide too
            whole = (before + len(raw)) * 8 // 6
            yield b64encode(b"\0" * before + raw)[mixed:whole]


_FOR_URLS = bytes.maketrans(b"+/", b"-_")


def _struck(said: bytes, forms: Iterable[bytes]) -> bytes:
    lower = said.lower()
    spans = _spans(lower, forms)
    if not spans:
        return said
    parts, end = [], 0
    for first, last in sorted(spans):
        if first >= end:
            parts += [said[end:first], STRUCK]
        end = max(end, last)
    return b"".join([*parts, said[end:]])


def _spans(lower: bytes, forms: Iterable[bytes]) -> list[tuple[int, int]]:
    """Where secrets stand; and the end of the text, if it is the beginning of one that was cut there."""
    spans = []
    half = _HALF_ESCAPE.search(lower, max(0, len(lower) - LONGEST_ESCAPE))
    ends = {len(lower), half.start() if half else len(lower)}
    for form in forms:
        at = lower.find(form)
        while at >= 0:
            spans.append((at, at + len(form)))
            at = lower.find(form, at + len(form))
        for end in ends:
            at = lower.find(form[:LEAST_BEGINNING], max(0, end - len(form) + 1), end)
            while at >= 0 and not form.startswith(lower[at:end]):
                at = lower.find(form[:LEAST_BEGINNING], at + 1, end)
            if at >= 0:
                spans.append((at, len(lower)))
    return spans


_ESCAPE = re.compile(
    rb"%([0-9A-Fa-f]{2})|\\x([0-9A-Fa-f]{2})"
    rb"|\\u([Dd][89ABab][0-9A-Fa-f]{2})\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})|\\u((?![Dd][89ABab])[0-9A-Fa-f]{4})"
    rb"|&#[Xx]([0-9A-Fa-f]{1,6});|&#([0-9]{1,7});|&(amp|lt|gt|quot|apos);|\\([\"\\/'nrtbf])"
)
LONGEST_ESCAPE = 12
_HALF_ESCAPE = re.compile(
    rb"(?:%[0-9a-f]?|\\(?:x[0-9a-f]?|u[0-9a-f]{0,3}|ud[89ab][0-9a-f]{2}(?:\\(?:u[0-9a-f]{0,3})?)?)?|&#?x?[0-9a-z]{0,7})?$"
)
_NAMED = {b"amp": b"&", b"lt": b"<", b"gt": b">", b"quot": b'"', b"apos": b"'"}
_AFTER_BACKSLASH = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def _unescaped(match: re.Match[bytes]) -> bytes:
    percent, hexadecimal, high, low, unit, xml, decimal, named, after = match.groups()
    if byte := percent or hexadecimal:
        return bytes([int(byte, 16)])
    if named:
        return _NAMED[named]
    if after:
        return _AFTER_BACKSLASH.get(after, after)
    if high:
        return chr(0x10000 + ((int(high, 16) & 0x3FF) << 10 | int(low, 16) & 0x3FF)).encode()
    number = int(decimal) if decimal else int(unit or xml, 16)
    return chr(number).encode("utf-8", "surrogatepass") if number <= 0x10FFFF else match[0]
