"""Readers: a Release of each form in which producers send one.

    front_matter.py   Markdown or HTML with YAML front matter
    stray_characters.py   takes out of a release what nobody means: controls, marks that turn text around
    ninjs_item.py     an IPTC ninjs 3.x item
    ninjs_media.py    the pictures and other files that go with such an item
    outlet_files.py   files of outlets: YAML, JSON or CSV
    outlet_edits.py   changes of single fields of an outlet
    producer_edits.py   changes of single rights and limits of a producer
    named_fields.py   what these changes and the columns of files have in common

The documents themselves (`release.py`, `outlet.py`) know no reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tasks.model import markdown
from tasks.model.documents import DocumentRefused, read, unreadable
from tasks.model.readers import front_matter, ninjs_item, stray_characters
from tasks.model.release import MAX_URI, URI, Release, SuppliedTranslation
from tasks.runtime.errors import Problem

MAX_RELEASE_BYTES = 2 * 1024 * 1024
"""A release larger than this is refused at the door: the longest real release is some tens of kilobytes."""
LONGEST_LIST = 200
"""Characters of a list of ids in a warning."""
MOST_BRACKETED, LONGEST_SHOWN = 5, 60
"""Texts in brackets of which a body has a warning, and characters that are shown of each."""


@dataclass(frozen=True)
class Reading:
    """A release as it was read, and what its producer should know of that."""

    release: Release
    warnings: list[Problem]


def read_release(data: str | bytes | dict[str, Any]) -> Release:
    """Read a release: JSON, Markdown or HTML with YAML front matter, or an IPTC ninjs 3.x item.

    Raises DocumentRefused, which names each field that is wrong.
    """
    return read_with_warnings(data).release


def read_with_warnings(data: str | bytes | dict[str, Any]) -> Reading:
    """Read a release as `read_release` does, and say what was changed on the way."""
    document = data if isinstance(data, dict) else _document_in(data)
    if ninjs_item.is_ninjs(document):
        try:
            document = ninjs_item.fields_of(document)
        except (AttributeError, TypeError, ValueError) as error:
            raise _refused(f"is not a ninjs 3.x item: {error}") from None
    try:
        document, warnings = stray_characters.taken_out(document)
    except RecursionError:
        raise _refused("is nested too deeply") from None
    context = {} if isinstance(data, dict) else {"first_line": _first_line_of_body(data)}
    release = read(Release, document, "release", context)
    return Reading(release, [*warnings, *_bracketed(document, context.get("first_line")), *_wordless(release)])


def _wordless(release: Release) -> Iterator[Problem]:
    """A warning for each translation of the producer's that lacks captions which the release has."""
    for language, text in release.translations.items():
        lacking = [item.id for item in release.media if item.caption and item.id not in _captioned(text)]
        if lacking:
            what = f"has no caption for {', '.join(lacking)[:LONGEST_LIST]}: in this language there is none"
            yield Problem(f"translations.{language}.media", what)


def _captioned(text: SuppliedTranslation) -> set[str]:
    return {id for id, words in text.media.items() if words.caption}


def _bracketed(document: dict[str, Any], first_line: int | None) -> list[Problem]:
    """A warning for each text in brackets that may be a link without its address, the first few of each body."""
    warnings = []
    translations = document.get("translations") or {}
    for path, text in (("", document), *((f"translations.{tag}.", one) for tag, one in translations.items())):
        for line, words in markdown.bracketed(text.get("body_markdown") or "")[:MOST_BRACKETED]:
            where = f"line {line} of the body" if path or first_line is None else f"line {first_line + line - 1}"
            what = words if len(words) <= LONGEST_SHOWN else f"{words[:LONGEST_SHOWN]}…]"
            problem = (
                f"{where}: {what!r} is published with its brackets; if it is meant as a link, write {what}(https://…)"
            )
            warnings.append(Problem(f"{path}body_markdown", problem))
    return warnings


def read_fields(data: bytes) -> dict[str, Any]:
    """The fields of JSON or of a text with front matter, unchecked, such as a translation in a file of its own.

    Raises DocumentRefused for what has no fields.
    """
    fields = _document_in(data)
    if not isinstance(fields, dict):
        raise _refused("must hold fields")
    return fields


def uri_of(data: bytes) -> str | None:
    """The `uri` that a document names, however wrong the rest of it may be; None if it names none that could be one."""
    try:
        document = _document_in(data)
    except DocumentRefused:
        return None
    uri = document.get("uri") if isinstance(document, dict) else None
    return uri if isinstance(uri, str) and len(uri) <= MAX_URI and re.fullmatch(URI, uri) and _is_utf8(uri) else None


def _document_in(data: str | bytes) -> Any:
    """What JSON or a text with front matter holds; raises DocumentRefused."""
    if len(data) > MAX_RELEASE_BYTES:
        raise _refused(f"is larger than {MAX_RELEASE_BYTES:,} bytes")
    try:
        text = (data.decode("utf-8") if isinstance(data, bytes) else data).lstrip("\ufeff").lstrip()
    except UnicodeDecodeError as error:
        raise _refused(f"is not UTF-8: byte {error.start} cannot be read") from None
    if text.startswith(front_matter.FENCE):
        try:
            return front_matter.fields_of(text)
        except ValueError as error:
            raise _refused(str(error)) from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        if text.startswith(("{", "[")):
            raise _refused(unreadable(error)) from None
        raise _refused("is neither JSON nor text with YAML front matter, whose first line is '---'") from None


def _first_line_of_body(data: str | bytes) -> int | None:
    """The number of the line on which the body begins, in a document with front matter."""
    text = data.decode() if isinstance(data, bytes) else data
    return (
        front_matter.first_line_of_body(text) if text.lstrip("\ufeff").lstrip().startswith(front_matter.FENCE) else None
    )


def _is_utf8(text: str) -> bool:
    """Whether a text can be encoded; half a surrogate pair, which JSON can hold, cannot."""
    return text == text.encode(errors="replace").decode()


def _refused(problem: str) -> DocumentRefused:
    return DocumentRefused("release", [Problem("(document)", problem)])
