"""What a file is, is found in the file; what cannot be shown, or is made to do harm, is not taken."""

from __future__ import annotations

import tempfile
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageCms

from tasks.media_store import examining
from tasks.media_store.examining import Examined, NotTaken, examine
from tests.support.media import CSV, GPS, MP3, MP4, ORIENTATION, PDF, SVG, bomb, picture, with_exif

PIXELS = 4_000_000
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def look(content: bytes, kind: Any = None, said: str | None = None) -> Examined:
    return examining.look(BytesIO(content), kind, pixels=PIXELS, said=said)


@pytest.mark.parametrize(
    ("content", "kind", "said", "content_type", "size"),
    [
        (picture(), "picture", None, "image/jpeg", (64, 40)),
        (picture(form="PNG"), "picture", "image/jpeg", "image/png", (64, 40)),
        (picture(form="GIF"), "picture", None, "image/gif", (64, 40)),
        (picture(form="WEBP"), None, None, "image/webp", (64, 40)),
        (picture(form="TIFF"), "picture", None, "image/tiff", (64, 40)),
        (with_exif(64, 40), "picture", None, "image/jpeg", (40, 64)),
        (MP4, "video", None, "video/mp4", None),
        (MP3, "audio", None, "audio/mpeg", None),
        (PDF, "document", "image/jpeg", "application/pdf", None),
        (CSV, "document", "text/csv", "text/csv", None),
        (CSV, "document", None, "text/plain", None),
    ],
)
def test_the_content_says_what_it_is(content: bytes, kind: Any, said: Any, content_type: str, size: Any) -> None:
    found = look(content, kind, said)
    assert found.content_type == content_type
    assert (found.width, found.height) == (size or (None, None))


@pytest.mark.parametrize(
    ("content", "kind", "code", "reason"),
    [
        (PDF, "picture", "wrong_type", "is application/pdf; a picture is image/gif, image/jpeg"),
        (picture(), "document", "wrong_type", "is image/jpeg; a document is application/pdf"),
        (SVG, "picture", "wrong_type", "is no kind of file that is known"),
        (b"<html><script>", "document", "wrong_type", "is no kind of file that is known"),
        (b"\x7fELF" + bytes(99), None, "wrong_type", "taken are application/pdf"),
        (b"a\x00b", "document", "wrong_type", "is no kind of file that is known"),
        (picture()[:-200], "picture", "unreadable", "cannot be read as image/jpeg"),
        (bomb(), "picture", "too_many_pixels", "has 40,000 × 40,000 pixels; at most 4,000,000 are taken"),
    ],
)
def test_what_is_not_taken_says_why(content: bytes, kind: Any, code: str, reason: str) -> None:
    with pytest.raises(NotTaken, match=reason) as refused:
        look(content, kind)
    assert refused.value.code == code


def test_large_pictures_come_in_smaller_sizes_upright_and_bare() -> None:
    found = look(with_exif(1600, 900), "picture")
    assert (found.width, found.height) == (900, 1600)
    assert [(size.width, size.height) for size in found.sizes] == [(180, 320), (576, 1024)]
    for size in found.sizes:
        small = Image.open(BytesIO(size.content))
        assert (small.format, small.mode, size.content_type) == ("JPEG", "RGB", "image/jpeg")
        assert not small.getexif().get_ifd(GPS)
        assert ORIENTATION not in small.getexif()
        top, bottom = small.getpixel((10, 10)), small.getpixel((10, small.height - 10))
        assert isinstance(top, tuple)
        assert isinstance(bottom, tuple)
        assert top[0] > 150 > bottom[0]  # red was left, and is above now


def test_a_very_large_picture_has_its_own_measures() -> None:
    found = look(with_exif(2400, 1600), "picture")
    assert (found.width, found.height) == (1600, 2400)
    assert [(size.width, size.height) for size in found.sizes] == [(213, 320), (683, 1024)]


@pytest.mark.parametrize(
    ("content", "form", "mode"),
    [
        (picture(400, 400, "PNG", "RGBA"), "PNG", "RGBA"),
        (picture(400, 400, "JPEG", "CMYK"), "JPEG", "RGB"),
        (picture(400, 400, "JPEG", icc_profile=b"no profile"), "JPEG", "RGB"),
        (picture(400, 400, "JPEG", icc_profile=PROFILE), "JPEG", "RGB"),
    ],
    ids=["transparent", "cmyk", "broken profile", "odd profile"],
)
def test_every_kind_of_picture_gets_smaller(content: bytes, form: str, mode: str) -> None:
    (small,) = look(content).sizes
    opened = Image.open(BytesIO(small.content))
    assert (opened.format, opened.mode, opened.size) == (form, mode, (320, 320))
    assert "icc_profile" not in opened.info


def test_a_process_of_its_own_finds_the_same() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(picture(1600, 900))
        assert examine(file, "picture", pixels=PIXELS) == look(picture(1600, 900), "picture")
        with pytest.raises(NotTaken, match="has 1,600 × 900 pixels"):
            examine(file, "picture", pixels=1000)


@pytest.mark.parametrize(
    ("what", "value", "reason"),
    [
        ("tasks.media_store.examining.SECONDS", 0.01, "took longer than 0.01 s"),
        ("sys.executable", "/bin/false", "ended the process"),
    ],
)
def test_what_ends_the_process_is_refused(what: str, value: Any, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(what, value)
    with tempfile.TemporaryFile() as file:
        file.write(picture())
        with pytest.raises(NotTaken, match=reason) as refused:
            examine(file, "picture", pixels=PIXELS)
    assert refused.value.code == "unreadable"
