"""Looks into a file that a stranger made: what it is, how large a picture is, and the picture in smaller sizes.

This happens in a process of its own, with a limit of memory and of time: decoders of pictures have faults that are not
ours to mend, and a few kilobytes can be a picture of gigabytes. What ends that process is refused.

The process is `python -m tasks.media_store.examining`. It has the file on its standard input, and writes one line of
JSON and then the smaller sizes, one after the other.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any, cast

from tasks.media_store.kinds import TAKEN, content_type_of
from tasks.model.codes import Code

if TYPE_CHECKING:  # the process that looks into a file needs no documents
    from tasks.model.media import MediaType

WIDTHS = (320, 1024)
"""Pixels: how wide the smaller sizes of a picture are at most, and how high."""
SECONDS = 60.0
"""How long one file may take. Large pictures take some seconds."""
MEMORY_BEYOND_PIXELS = 512 * 1024 * 1024
"""Bytes that the process may use beside those for the pixels."""
BYTES_A_PIXEL = 12
"""What decoding, turning and converting take at most."""
_QUALITY = 85
_ORIENTATION = 0x0112
"""The number of the field in which a camera says how it was held."""
_PASSED_ON = frozenset({"PATH", "LANG", "LC_ALL"})


class NotTaken(Exception):
    """A file is not one that the wire takes; the text says why, and what would be."""

    def __init__(self, code: str, reason: str) -> None:
        """`code`: the same for programs, such as `wrong_type`."""
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Smaller:
    """A picture in a smaller size."""

    content_type: str
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What was found in a file."""

    content_type: str
    width: int | None = None
    """Pixels, as a reader sees the picture."""
    height: int | None = None
    """Pixels, as a reader sees the picture."""
    sizes: tuple[Smaller, ...] = ()
    """A picture in smaller sizes, the smallest one first; none of a picture that is smaller itself."""


def examine(file: IO[bytes], kind: MediaType | None, *, pixels: int, said: str | None = None) -> Examined:
    """Look into an open file (one that the operating system knows); raises NotTaken.

    `kind`: what it must be; None: anything that is taken. `pixels`: how many a picture may have. `said`: the content
    type that others say it has.
    """
    file.seek(0)
    command = [sys.executable, "-m", "tasks.media_store.examining", str(pixels), kind or "-", said or "-"]
    known = {name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith("PYTHON")}
    try:
        done = subprocess.run(  # noqa: S603, our own command
            command, stdin=file.fileno(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=known,
            timeout=SECONDS, start_new_session=True, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise NotTaken(Code.UNREADABLE, f"took longer than {SECONDS:g} s to read; export it anew") from None
    head, _, rest = done.stdout.partition(b"\n")
    if done.returncode or not head:
        raise NotTaken(Code.UNREADABLE, "ended the process that read it; export it anew")
    found = json.loads(head)
    if "code" in found:
        raise NotTaken(found["code"], found["reason"])
    return _examined(found, rest)


def _examined(found: dict[str, Any], contents: bytes) -> Examined:
    sizes = []
    for size in found.pop("sizes"):
        length = size.pop("bytes")
        sizes.append(Smaller(**size, content=contents[:length]))
        contents = contents[length:]
    return Examined(**found, sizes=tuple(sizes))


# --- the process itself


def main(pixels: int, kind: MediaType | None, said: str | None) -> None:
    """Look into standard input, and write what is found on standard output."""
    _limit(pixels)
    with os.fdopen(os.dup(0), "rb") as file:
        try:
            found = look(file, kind, pixels=pixels, said=said)
        except NotTaken as refusal:
            sys.stdout.buffer.write(json.dumps({"code": refusal.code, "reason": str(refusal)}).encode() + b"\n")
            return
    told = asdict(found)
    contents = [size.pop("content") for size in told["sizes"]]
    for size, content in zip(told["sizes"], contents, strict=True):
        size["bytes"] = len(content)
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + b"".join(contents))


def _limit(pixels: int) -> None:
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()  # noqa: SIM115, PTH123
    most = used + MEMORY_BEYOND_PIXELS + pixels * BYTES_A_PIXEL
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (int(SECONDS), int(SECONDS)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def look(file: IO[bytes], kind: MediaType | None, *, pixels: int, said: str | None = None) -> Examined:
    """Look into a file in this process; raises NotTaken."""
    content_type = content_type_of(file, said)
    taken = TAKEN[kind] if kind else frozenset().union(*TAKEN.values())
    if content_type not in taken:
        what = f"is {content_type}" if content_type else "is no kind of file that is known"
        wanted = f"a {kind} is" if kind else "taken are"
        raise NotTaken(Code.WRONG_TYPE, f"{what}; {wanted} {', '.join(sorted(taken))}")
    assert content_type is not None
    if content_type in TAKEN["picture"]:
        return _picture(file, content_type, pixels)
    return Examined(content_type=content_type)


def _picture(file: IO[bytes], content_type: str, pixels: int) -> Examined:
    from PIL import Image, ImageOps  # takes a while, and other files need none of it

    Image.MAX_IMAGE_PIXELS = None  # looked at here, before anything is decoded
    file.seek(0)
    try:
        picture = Image.open(file, formats=[content_type.partition("/")[2].upper()])
        if picture.width * picture.height > pixels:
            many = f"has {picture.width:,} × {picture.height:,} pixels"
            raise NotTaken(Code.TOO_MANY_PIXELS, f"{many}; at most {pixels:,} are taken: export it smaller")
        width, height = _upright(picture)
        picture.draft(None, (2 * WIDTHS[-1], 2 * WIDTHS[-1]))  # a large JPEG is decoded as a smaller one, in less room
        picture.load()
        sizes = tuple(_smaller(ImageOps.exif_transpose(picture)))
    except NotTaken:
        raise
    except MemoryError:
        raise NotTaken(Code.UNREADABLE, "needs too much memory to read; export it anew") from None
    except Exception as error:  # whatever a decoder meets
        raise NotTaken(
            Code.UNREADABLE, f"cannot be read as {content_type} ({type(error).__name__}); export it anew"
        ) from None
    return Examined(content_type=content_type, width=width, height=height, sizes=sizes)


def _upright(picture: Any) -> tuple[int, int]:
    """Width and height of a picture as a reader sees it, who turns it as the camera says."""
    turned: bool = picture.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
    return (picture.height, picture.width) if turned else (picture.width, picture.height)


def _smaller(picture: Any) -> Iterator[Smaller]:
    """The picture in each smaller size: in sRGB, upright, and without what cameras write into files."""
    plain = None
    for width in WIDTHS:
        if max(picture.size) <= width:
            return
        plain = plain or _in_srgb(picture)
        small = plain.copy()
        small.thumbnail((width, width))
        written = BytesIO()
        if small.mode == "RGBA":
            small.save(written, "PNG", optimize=True)
        else:
            small.save(written, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
        content_type = "image/png" if small.mode == "RGBA" else "image/jpeg"
        yield Smaller(content_type=content_type, width=small.width, height=small.height, content=written.getvalue())


def _in_srgb(picture: Any) -> Any:
    """The picture as RGB, or RGBA if one sees through it, in sRGB, with nothing else in it."""
    from PIL import Image, ImageCms

    seen_through = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    profile = picture.info.get("icc_profile")
    mode = "RGBA" if seen_through else "RGB"
    if profile and not seen_through and picture.mode in ("RGB", "CMYK", "L"):
        try:
            own = ImageCms.ImageCmsProfile(BytesIO(profile))
            picture = ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            pass  # a profile that is broken says nothing of the colours
    plain = picture.convert(mode)
    bare = Image.new(mode, plain.size)
    bare.paste(plain)
    return bare


if __name__ == "__main__":
    main(int(sys.argv[1]), cast("MediaType | None", None if sys.argv[2] == "-" else sys.argv[2]),
         None if sys.argv[3] == "-" else sys.argv[3])  # fmt: skip
