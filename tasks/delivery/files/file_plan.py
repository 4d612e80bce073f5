"""Which files a delivery writes at its outlet, and which older ones it removes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from tasks.delivery.delivery_request import DeliveryRequest
from tasks.delivery.files import file_names
from tasks.delivery.files.file_options import FileOptions

ACTIONS_BEFORE: Final = ("publish", "correct")
"""What the outlet was told of an older version, by which its file may be called."""


@dataclass(frozen=True, slots=True)
class FileToWrite:
    """A file as it is to stand at the outlet."""

    name: str
    """With its subfolders: `2026-11-29/plants.html`."""
    content_type: str
    read: Callable[[], bytes]
    """Gives the content; raises OSError if the store of media does not."""
    size: int
    """Bytes."""
    decisive: bool
    """Whether the outlet has the delivery once this file is there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a delivery does with files: it writes some, the article last, and then removes others."""

    written: tuple[FileToWrite, ...]
    removed: tuple[str, ...]


def plan(request: DeliveryRequest, options: FileOptions, now: float) -> Plan:
    """The files of a delivery. `now`: seconds since the epoch, the day of a release that the wire never took."""
    own, earlier = _name(request, options, now), _earlier(request, options, now)
    if request.action == "kill" and options.kill == "remove":
        return Plan(written=(), removed=_with_media((*earlier, own), request, options))
    rule = {"kill": options.kill, "correct": options.correction}.get(request.action, "new")
    outdated = [name for name in earlier if name != own] if rule == "replace" else []
    media = [
        FileToWrite(beside(own, medium.name), medium.content_type, medium.read, medium.bytes, decisive=False)
        for medium in request.media
        if options.media and request.action != "kill"
    ]
    article = FileToWrite(own, request.content_type, lambda: request.body, len(request.body), decisive=True)
    removed = _with_media(outdated, request, options)
    if request.action == "kill" and rule == "replace":  # the notice takes the place of the article; no picture stays
        removed = tuple(name for name in _with_media((*outdated, own), request, options) if name != own)
    return Plan(written=(*media, article), removed=removed)


def _name(request: DeliveryRequest, options: FileOptions, now: float) -> str:
    return file_names.fill(options.name, **placeholders(request, now))


def placeholders(request: DeliveryRequest, now: float) -> dict[str, str]:
    """What comes in the place of each placeholder (file_names.py) in a delivery. `now`: seconds since the epoch, the
    day of a release that the wire never took."""
    return {
        "release": file_names.release_name(request.release),
        "slug": file_names.slug(request.release),
        "language": request.outlet_language,
        "version": str(request.version),
        "date": datetime.fromtimestamp(request.first_received or now, UTC).date().isoformat(),
        "action": request.action,
        "ending": file_names.ending(request.content_type),
    }


def _earlier(request: DeliveryRequest, options: FileOptions, now: float) -> list[str]:
    """The names that files of older versions have at this outlet, the newest first."""
    older = [
        replace(request, version=version, action=action)
        for version in sorted(request.earlier_versions, reverse=True)
        for action in ACTIONS_BEFORE
    ]
    return list(dict.fromkeys(_name(one, options, now) for one in older))


def _with_media(articles: Iterable[str], request: DeliveryRequest, options: FileOptions) -> tuple[str, ...]:
    """These files, each before the media that stand beside it, each once."""
    media = [medium.name for medium in request.media] if options.media else []
    found = [name for article in articles for name in (article, *(beside(article, m) for m in media))]
    return tuple(dict.fromkeys(found))


def beside(article: str, name: str) -> str:
    """The name of a file of media beside an article: `plants-en-hero.jpg` beside `plants-en.html`."""
    folder, slash, leaf = article.rpartition("/")
    return f"{folder}{slash}{leaf.rpartition('.')[0] or leaf}-{file_names.safe(name)}"
