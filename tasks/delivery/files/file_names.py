"""Names of files at outlets: a template, filled in for one delivery, in characters that every file system takes."""

from __future__ import annotations

import hashlib
import re
from types import MappingProxyType
from typing import Final

PLACEHOLDERS: Final = MappingProxyType({
    "release": "the URI of the release in letters and digits, and sixteen digits made from all of it",
    "slug": "the same of the URI's last part only",
    "language": "the language that the outlet asked for",
    "version": "the number of the version",
    "date": "the day on which the wire took the first version, in UTC: 2026-11-29",
    "action": "publish, correct, kill or test",
    "ending": "what the names of such files end with: html, json, xml, txt, eml, md",
})  # fmt: skip
"""What a template may have in braces, and what comes in its place."""
UNIQUE: Final = ("release", "slug")
"""Those of them of which no two releases share a value."""
LONGEST_WORDS: Final = MappingProxyType({"release": 100, "slug": 60})
DIGITS: Final = 16
"""Hexadecimal digits: so many that no producer finds a URI whose files take the place of another one's."""
LONGEST_TEMPLATE: Final = 200
DEEPEST: Final = 5
"""Parts of a name between slashes: folders, and the file."""
ENDINGS: Final = MappingProxyType({
    "application/json": "json", "application/xml": "xml", "text/xml": "xml", "text/html": "html", "text/plain": "txt",
    "text/markdown": "md", "message/rfc822": "eml", "text/vnd.iptc.nitf": "xml",
})  # fmt: skip
"""What the names of files of a content type end with."""

_PLACEHOLDER: Final = re.compile(r"\{([a-z_]*)\}")
_PART: Final = re.compile(r"[A-Za-z0-9_{][A-Za-z0-9._{}-]*")


def check_template(template: str) -> str:
    """Return the template; raise ValueError that says why no file may be called so."""
    for name in _PLACEHOLDER.findall(template):
        if name not in PLACEHOLDERS:
            raise ValueError(f"has {{{name}}}; there are {', '.join(f'{{{known}}}' for known in PLACEHOLDERS)}")
    bare = _PLACEHOLDER.sub("x", template)
    if "{" in bare or "}" in bare:
        raise ValueError("has a brace that belongs to no placeholder such as {slug}")
    parts = bare.split("/")
    if len(parts) > DEEPEST:
        raise ValueError(f"has more than {DEEPEST} parts between slashes")
    if not all(map(_PART.fullmatch, parts)):
        raise ValueError(
            "must be made of letters, digits, '.', '_', '-' and placeholders; no part between slashes may be empty or "
            "begin with '.' or '-'"
        )
    if not any(f"{{{name}}}" in template for name in UNIQUE):
        raise ValueError("needs {slug} or {release}: two releases would overwrite one another")
    if "{language}" not in template:
        raise ValueError("needs {language}: two languages of a release would overwrite one another")
    return template


def holds(template: str, *names: str) -> bool:
    """Whether a template has one of these placeholders."""
    return any(f"{{{name}}}" in template for name in names)


def fill(template: str, **values: str) -> str:
    """The name that a template stands for. Whatever the values hold, no part of it leads out of its folder."""
    return _PLACEHOLDER.sub(lambda found: safe(values[found[1]]), template)


def safe(value: str) -> str:
    """A value with `-` for each character that a file's name had better not have."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", value).lstrip(".-") or "x"


def ending(content_type: str) -> str:
    """What the name of a file of a content type ends with."""
    bare = content_type.partition(";")[0].strip().lower()
    _, plus, structure = bare.rpartition("+")  # application/atom+xml
    return ENDINGS.get(bare, structure if plus and structure in ("json", "xml") else "bin")


def release_name(uri: str) -> str:
    """The URI of a release as a part of a name."""
    return _readable(uri.removeprefix("urn:newsml:"), uri, LONGEST_WORDS["release"])


def slug(uri: str) -> str:
    """The last part of the URI of a release as a part of a name."""
    return _readable(re.split(r"[:/]", uri.rstrip(":/"))[-1], uri, LONGEST_WORDS["slug"])


def _readable(text: str, uri: str, longest: int) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:longest].rstrip("-")
    digest = hashlib.sha256(uri.encode()).hexdigest()[:DIGITS]
    return f"{words}-{digest}" if words else digest
