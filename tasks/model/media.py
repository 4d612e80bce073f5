"""Pictures, videos, sounds and documents that travel with a release."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from tasks.model.documents import Document
from tasks.model.markup import MAX_ATTRIBUTE
from tasks.model.values import WEB, Line, Slug
from tasks.runtime.errors import pattern

MediaType = Literal["picture", "video", "audio", "document"]
MAX_MEDIA = 100
"""Files that one release may have; a wire may set a lower limit (`FANWIRE_MEDIA_ITEMS`)."""
SCHEME = "media:"
"""What the address of a picture in a body begins with that is an item of `media`; after it stands the item's id."""
STORED = pattern(r"^media:[0-9a-f]{64}$", "must be 'media:' and the 64 digits that `fanwire media add` prints")
CONTENT_TYPE = pattern(
    r"^(image|video|audio|application|text)/[a-z0-9][a-z0-9.+-]{0,80}$", "must be a content type such as image/jpeg"
)
_MAIN_TYPES = {"picture": ("image",), "video": ("video",), "audio": ("audio",)}
ENDINGS = {
    "image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp",
    "image/tiff": ".tif", "video/mp4": ".mp4", "video/webm": ".webm", "video/quicktime": ".mov", "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a", "audio/x-wav": ".wav", "audio/ogg": ".ogg", "application/pdf": ".pdf", "text/csv": ".csv",
    "text/plain": ".txt", "application/zip": ".zip",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
}  # fmt: skip
"""How the name of a file of a content type ends."""


def _folded(value: str) -> str:
    return re.sub(r"\s+", " ", value)


def written(address: str) -> str:
    """An address as it stands in a body after reading: with signs that are no ASCII, and some others, as `%C3%BC`."""
    return quote(address, safe="%:/?#@!&'()*+,;=~")


Words = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_folded)]


class MediaWords(Document):
    """What is said of a picture, a video, a sound or a document in one language."""

    caption: Words | None = Field(None, examples=["The plant in Porto, seen from the sea"])
    """What stands below a picture."""
    alt: Words | None = Field(None, examples=["A white hall with a blue roof at the sea"])
    """What can be seen, for those who do not see it."""

    @property
    def said(self) -> bool:
        """Whether there are any words."""
        return bool(self.caption or self.alt)

    def or_else(self, other: MediaWords | None) -> Self:
        """The same with the words of another one where this has none."""
        if other is None:
            return self
        return self.model_copy(update={"caption": self.caption or other.caption, "alt": self.alt or other.alt})


class Media(MediaWords):
    """A picture, a video, a sound or a document that belongs to a release."""

    id: Slug = Field(examples=["plant-porto"])
    """Names the item within the release, the same in all versions. In a body, `<img src="media:ID">` shows it."""
    type: MediaType = Field(examples=["picture"])
    url: Annotated[str, Field(pattern=WEB, max_length=MAX_ATTRIBUTE), AfterValidator(written)] | None = Field(
        None, examples=["https://acme.example/press/plant-porto.jpg"]
    )
    """Where the wire fetches the file, once; or give `stored`."""
    stored: Annotated[str, Field(pattern=STORED)] | None = Field(None, examples=[f"{SCHEME}{'0123456789abcdef' * 4}"])
    """A file that is in the wire's own store, as `fanwire media add` named it; or give `url`."""
    credit: Line | None = Field(None, examples=["Jane Doe / Acme Robotics"])
    """Who made it, as it must be printed."""
    rights: str | None = Field(None, max_length=2000, examples=["Free for editorial use until 2027"])
    content_type: Annotated[str, Field(pattern=CONTENT_TYPE)] | None = Field(None, examples=["image/jpeg"])
    """What the producer says that the file is; what the wire finds in the file counts."""
    width: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(None, examples=[1600])
    """Pixels; what the wire finds in the file counts."""
    height: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(None, examples=[900])
    """Pixels; what the wire finds in the file counts."""
    duration: Annotated[float, Field(gt=0, le=1_000_000)] | None = Field(None, examples=[42.5])
    """Seconds, of a video or a sound."""
    bytes: Annotated[int, Field(ge=1)] | None = Field(None, examples=[184213])
    """The size of the file; what the wire finds counts."""

    @model_validator(mode="after")
    def _one_source(self, info: ValidationInfo) -> Self:
        if info.context and info.context.get("stored"):
            return self
        if (self.url is None) == (self.stored is None):
            raise ValueError(f"{self.id}: give url or stored, and not both")
        main = (self.content_type or "").partition("/")[0]
        allowed = _MAIN_TYPES.get(self.type, ("application", "text", "image"))
        if main and main not in allowed:
            raise ValueError(f"{self.id}: a file of the content type {self.content_type} is no {self.type}")
        return self

    @property
    def sha256(self) -> str | None:
        """The SHA-256 of a file that is in the wire's store, hexadecimal; None for one that is to be fetched."""
        return self.stored.removeprefix(SCHEME) if self.stored else None


def file_name(id: str, content_type: str | None) -> str:
    """The name of the file of an item, which fits its content type: `plant-porto.jpg`."""
    return f"{id}{ENDINGS.get(content_type or '', '')}"


def without_empty_media(document: Any) -> Any:
    """A document as it was before there were media, if it has none: its digest and older workers rely on it."""
    if isinstance(document, dict) and not document.get("media"):
        document.pop("media", None)
    return document


@dataclass(frozen=True, kw_only=True)
class Size:
    """A picture in one size."""

    width: int
    """Pixels."""
    height: int
    """Pixels."""
    href: str
    bytes: int
    content_type: str = "image/jpeg"


@dataclass(frozen=True, kw_only=True)
class PublishedMedia:
    """The file of an item as the wire has it: where outlets get it, and what was found in it."""

    href: str | None
    """None: outlets get it where the producer has it."""
    content_type: str
    bytes: int
    sha256: str
    width: int | None = None
    """Pixels, of a picture."""
    height: int | None = None
    """Pixels, of a picture."""
    sizes: tuple[Size, ...] = ()
    """A picture in smaller sizes, the smallest one first; the file itself is none of them."""


Content = bytes
"""What is in a file; a class that has a field `bytes` cannot name it otherwise."""


@dataclass(frozen=True, kw_only=True)
class MediaFile:
    """A file of a release, for transports that send files."""

    id: str
    name: str
    """What the file is called: `plant-porto.jpg`."""
    content_type: str
    bytes: int
    sha256: str
    """Of the content, hexadecimal."""
    read: Callable[[], Content] = field(repr=False, compare=False)
    """Gives the content; raises OSError if the store does not."""
