"""The ninjs2 format: the item of ninjs 3.1 in the names of 2.2."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tasks.formatting import Wire, make_rendition
from tasks.model.release import Release


def test_says_the_same_as_ninjs(make_release: Callable[..., Release], translate: Any, wire: Wire) -> None:
    release = make_release(version=2, embargo_until="2026-12-01T07:00:00+01:00", correction_note="The year.")
    text = translate(release, "ar", source="en", status="approved")
    new, old = (json.loads(make_rendition(release, text, name, wire).body) for name in ("ninjs", "ninjs2"))
    assert old["standard"]["version"] == "2.2"
    assert old["embargoed"] == new["embargoedUntil"]
    assert (old["pubstatus"], old["version"], old["urgency"]) == ("usable", "2", 4)
    assert [body["value"] for body in old["bodies"]] == [body["value"] for body in new["bodies"]]
    assert old["people"][0]["contactinfo"] == new["people"][0]["contactInfo"]
    assert old["organisations"][0]["symbols"][0] == new["organisations"][0]["symbols"][0]
    assert old["associations"][:1] == [
        {"name": "translatedFrom", "uri": f"{release.uri}:en", "version": "2", "language": "en"}
    ]
    assert [one["name"] for one in old["associations"]] == ["translatedFrom", new["associations"][1]["name"]]
    assert old["associations"][1]["renditions"][0]["href"] == new["associations"][1]["renditions"][0]["href"]
