"""A delivered German release lost the words of all its links. The very sentences with the holes are refused here.

They are read from where the project's seed lies, beside the checkout, and are in no file of ours.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tasks.model.readers import read_release
from tasks.translation.drafts import Resources
from tasks.translation.errors import TranslationHeld
from tasks.translation.pieces import Open, joined
from tasks.translation.translate import draft, translate

from .samples import Stub

SEED = Path(__file__).parents[2].parent / "shared" / "seed" / "release-de.txt"
needs_seed = pytest.mark.skipif(not SEED.exists(), reason=f"the seed release is not at {SEED}")

SENTENCES = {
    "Berichte über die überwachen": (
        'A spokesman said on Monday that the country follows the <a href="https://a.example/1">reports</a> about '
        "soldiers who are being sent abroad, as he told reporters."
    ),
    "Beweis für und seine": (
        'He said that the development is “one more proof of <a href="https://a.example/2">the losses</a> and of his '
        "growing isolation”, which makes him look for help for the troops on the ground."
    ),
    "all dies ist und beweist": (
        '“I think that all of this is <a href="https://a.example/3">remarkable</a> and proves that he is growing '
        "desperate and isolated on the stage of the world.”"
    ),
    "Emirate und traten": (
        'Iran, Egypt, Ethiopia, the United Arab Emirates and <a href="https://a.example/4">Saudi Arabia</a> joined in '
        "January; Turkey, Azerbaijan and Malaysia have formally applied, and other countries want to."
    ),
}
"""What stands around a hole, and a sentence of ours that says about the same, the link in its place."""


def seeds_own(hole: str) -> str:
    """The sentence of the seed with this hole."""
    text = SEED.read_text(encoding="utf-8")
    return next(line for line in re.split(r"(?<=[.!?])\s+|\n", text) if hole in line)


@needs_seed
@pytest.mark.parametrize("hole", SENTENCES)
def test_its_holes_are_refused_with_the_unit_and_the_missing_element(hole: str) -> None:
    release = read_release(
        {"uri": "urn:x:seed", "language": "en", "headline": "A statement", "body_html": f"<p>{SENTENCES[hole]}</p>"}
    )
    careless = Stub(
        whole=lambda unit: (seeds_own(hole),) if "statement" not in str(unit) else ("Eine Erklärung",),
        pair=("en", "de"),
    )
    with pytest.raises(TranslationHeld) as held:
        translate(release, "de", engines=[careless])
    assert re.search(r"paragraph 1: .*inline element 1.* is missing", held.value.reason), held.value.reason
    [failed] = [done for done in draft(release, "de", Resources([careless])).units if done.open]
    assert failed.unit.name == "paragraph 1"
    assert any(isinstance(piece, Open) for piece in failed.unit.text)


@needs_seed
@pytest.mark.parametrize("hole", SENTENCES)
def test_the_same_sentence_with_its_link_passes(hole: str) -> None:
    """So it is the hole that is refused, not the sentence."""
    release = read_release(
        {"uri": "urn:x:seed", "language": "en", "headline": "A statement", "body_html": f"<p>{SENTENCES[hole]}</p>"}
    )
    before, after = (hole.rsplit(" ", 1)[0] + " ", " " + hole.rsplit(" ", 1)[1])

    def careful(unit: Any) -> Any:
        if "statement" in str(unit):
            return ("Eine Erklärung",)
        marks = [piece for piece in unit if not isinstance(piece, str)]
        start, end = seeds_own(hole).split(before.strip() + after)
        first, last = marks[0], marks[-1]
        inner = marks[1:-1] or ["den Bericht"]
        return joined([start + before, first, *inner, last, after + end])

    made = translate(release, "de", engines=[Stub(whole=careful, pair=("en", "de"))])
    assert re.search(r'<a href="https://a.example/\d">[^<]+</a>', made.body_html)
