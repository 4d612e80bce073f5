"""The json format: a plain object with every field always there, which docs/outlets.md explains."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tasks.formatting import Wire, make_rendition
from tasks.model.markup import clean_html
from tasks.model.release import MEDIA_TOPIC, Release, supplied
from tests.support.processes import ROOT

from .conftest import BODY


@pytest.fixture
def item(wire: Wire, received: datetime, first_received: datetime) -> Any:
    def make(release: Any, translation: Any) -> dict[str, Any]:
        return json.loads(make_rendition(release, translation, "json", wire, received, first_received).body)

    return make


def test_says_what_the_release_says(make_release: Callable[..., Release], item: Any) -> None:
    release = make_release(embargo_until="2026-12-01T07:00:00+01:00")
    made = item(release, supplied(release, "en"))
    assert (made["action"], made["status"], made["version"], made["urgency"]) == ("publish", "usable", 1, 4)
    assert (made["uri"], made["release"]) == (f"{release.uri}:en", release.uri)
    assert (made["received"], made["first_received"]) == ("2026-11-22T09:30:15Z", "2026-11-21T08:00:00Z")
    assert made["embargo_until"] == "2026-12-01T07:00:00+01:00"
    assert (made["headline"], made["subheadline"]) == (release.headline, release.subheadline)
    assert made["dateline"] == {
        "text": "Porto, November 1, 2026 (Fanwire) —", "place": "Porto", "date": "2026-11-01",
    }  # fmt: skip
    assert made["body_html"] == clean_html(BODY)
    assert made["body_text"][1] == "Figures"
    assert made["issuer"]["tickers"][1] == {"exchange": "NYSE", "symbol": "NW.A"}
    assert made["contacts"][1] == {"name": "Desk", "role": None, "email": None, "phone": None}
    assert made["topics"][0] == {"code": "20000178", "uri": f"{MEDIA_TOPIC}20000178", "name": "Earnings"}
    assert (made["translation"], made["notice"], made["correction_note"]) == (None, None, None)
    assert made["boilerplate"]["about"].startswith("Fanwire distributes")


def test_a_translation_says_how_it_came_about(make_release: Callable[..., Release], translate: Any, item: Any) -> None:
    release = make_release(version=2, correction_note="The year.")
    made = item(release, translate(release, "ar", "deepl", source="en", status="approved"))
    assert (made["language"], made["direction"], made["action"]) == ("ar", "rtl", "correct")
    assert made["correction_note"] == "The year."
    assert made["translation"] == {
        "by": "machine", "engine": "deepl", "model": "model 1", "review": "approved", "from": "en",
        "source_type": "compositeWithTrainedAlgorithmicMedia", "of": f"{release.uri}:en",
    }  # fmt: skip
    assert item(release, translate(release, "de", "memory", status="approved"))["translation"]["by"] == "people"
    assert item(release, translate(release, "de", "supplied"))["translation"]["by"] == "producer"


def test_every_field_is_always_there(make_release: Callable[..., Release], item: Any) -> None:
    full = make_release()
    bare = make_release(**dict.fromkeys(("subheadline", "dateline", "issuer", "rights")), contacts=[], topics=[])
    killed = make_release(version=2, status="canceled")
    fields = [list(item(release, supplied(release, "en"))) for release in (full, bare, killed)]
    assert fields[0] == fields[1] == fields[2]
    gone = item(killed, supplied(killed, "en"))
    assert (gone["status"], gone["body_html"], gone["body_text"], gone["dateline"]) == ("canceled", "", [], None)
    assert gone["boilerplate"]["disclaimer"] is None


def test_the_manual_explains_every_field(make_release: Callable[..., Release], item: Any) -> None:
    release = make_release()
    section = (ROOT / "docs" / "outlets.md").read_text("utf-8").partition("### The format json\n")[2]
    rows = [line.split("|")[1] for line in section.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    explained = re.findall(r"`(\w+)`", " ".join(rows))
    assert explained == list(item(release, supplied(release, "en")))
