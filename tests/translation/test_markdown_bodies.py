"""What Markdown can say survives translation, and stands in every format."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from lxml import html as lxml_html

from tasks.formatting import Wire, make_rendition
from tasks.model.release import Release
from tasks.translation.translate import translate

from .samples import needs_apertium

BODY = """\
The company said on Monday that ~~three~~ four new plants will open.[^size] It is hiring.^[In all the regions.]

- [x] The first plant is open
- [ ] The second plant is not open

Plant
: A place where people **work**

| Year | People |
|------|-------:|
| 2027 | [4,000](https://norvik.example/2027) |

![The new plant](https://norvik.example/p.jpg "The yard in the morning")

[^size]: The plants are **large**.
"""


@needs_apertium
@pytest.mark.parametrize("format", ["html", "newsmlg2", "ninjs", "text"])
def test_markdown_survives_translation_in_every_format(make_release: Callable[..., Release], format: str) -> None:
    release = make_release(headline="Four plants open", body_html=None, body_markdown=BODY, protect=[])
    made = translate(release, "es")
    tree = lxml_html.fragment_fromstring(made.body_html, create_parent="div")
    source = lxml_html.fragment_fromstring(release.html, create_parent="div")
    assert [node.tag for node in tree.iter()] == [node.tag for node in source.iter()]
    [image] = tree.iter("img")
    assert (image.get("alt"), image.get("title")) == ("La planta nueva", "El patio por la mañana")
    wire = Wire(name="F", url="https://f.example/")
    body = make_rendition(release, made, format, wire, datetime(2026, 11, 22, tzinfo=UTC)).body.decode()
    if format == "ninjs":
        body = "\n".join(one["value"] for one in json.loads(body)["bodies"])
    words = [
        "[1]",
        "[2]",
        "☑ La primera",
        "☐ La segunda",
        "Las plantas son",
        "En todas las regiones",
        "El patio",
        "4000",
    ]
    assert [word for word in words if word not in body] == []
    assert [sign for sign in ("[^", "[x]", "[ ]", "|--", "](", "**") if sign in body] == []
