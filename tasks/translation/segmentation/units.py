"""A release as units: the sentences that engines, memory, checks and reviewers see, each under a name of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tasks.model.media import MediaWords
from tasks.model.pictures import words_shown
from tasks.model.release import Translation
from tasks.translation import bounds
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory import forms, packing
from tasks.translation.pieces import Text, strip
from tasks.translation.segmentation import runs, sentences

HEADLINE, SUBHEADLINE, PLACE = -1, -2, -3
"""Numbers of the passages that are not in the body; those in the body have the numbers of their runs."""
FIRST_ROLE = -10
"""Number of the passage with the role of the first contact; those of the others go down from it."""
FIRST_MEDIA = -1_000_000
"""Number of the passage with the caption of the first file of a release; its alternative text has the next lower one,
and those of the other files go down from there."""


@dataclass(frozen=True)
class Passage:
    """A headline, or a run of text in the body: what is cut into units."""

    name: str
    """What people call it: `paragraph 3`."""
    text: Text
    inlines: Mapping[int, runs.Element] = field(default_factory=dict)
    """The elements behind its Open and Close, by id."""

    def with_text(self, text: Text) -> Passage:
        """The same passage with another text."""
        return replace(self, text=text)


Passages = dict[int, Passage]
"""By number, in reading order."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One sentence of a passage, to be translated by itself."""

    passage: int
    """Number of the passage that it is part of."""
    name: str
    """What people call it: `paragraph 3, sentence 2`."""
    text: Text
    before: str
    """White space that stood around it and is no part of a unit."""
    after: str
    keys: tuple[str, ...]
    """Under which the memory may know it, the most particular one first."""
    near_keys: tuple[str, ...] = ()
    """The memory keys of what people approved for other variants of the target language, the nearest one first."""
    inlines: Mapping[int, runs.Element]
    """The elements behind its Open and Close, by id."""


def passages_of(original: Translation, body: runs.Element, *, with_place: bool) -> Passages:
    """Everything in a text to be translated; raises TranslationHeld for a run that is beyond what people write.

    `with_place`: the place of the dateline too. An engine that translates might translate Reading, Nice or Mobile
    (places.py knows names of places).
    """
    found = {HEADLINE: Passage("headline", (original.headline,))}
    if original.subheadline:
        found[SUBHEADLINE] = Passage("subheadline", (original.subheadline,))
    if original.dateline_place and with_place:
        found[PLACE] = Passage("dateline place", (original.dateline_place,))
    for run in runs.runs_of(body):
        bounds.refuse_run(run.name, run.text, len(run.inlines))
        found[run.number] = Passage(run.name, run.text, run.inlines)
    for place, role in enumerate(original.contact_roles):
        if role:
            found[FIRST_ROLE - place] = Passage(f"role of contact {place + 1}", (role,))
    for number, name, words in _words_of_media(original):
        found[number] = Passage(name, (words,))
    return found


def _words_of_media(original: Translation) -> Iterator[tuple[int, str, str]]:
    """The captions and alternative texts that the body does not show, each with the number and name of its passage."""
    shown = words_shown(original.body_html)
    for place, (id, words) in enumerate(original.media.items()):
        body = shown.get(id, MediaWords())
        if words.caption and words.caption != body.caption:
            yield FIRST_MEDIA - 2 * place, f"caption of {id}", words.caption
        if words.alt and words.alt != body.alt:
            yield FIRST_MEDIA - 2 * place - 1, f"alternative text of {id}", words.alt


def media_of(original: Translation, body_html: str, words: Callable[[int], str]) -> dict[str, MediaWords]:
    """The translated captions and alternative texts: those that the translated body shows, and the `words` of their
    passages, by number."""
    shown = words_shown(body_html)
    passages = {name: words(number) for number, name, _ in _words_of_media(original)}
    media = {}
    for id, source in original.media.items():
        body = shown.get(id, MediaWords())
        caption = passages.get(f"caption of {id}", body.caption) if source.caption else None
        alt = passages.get(f"alternative text of {id}", body.alt) if source.alt else None
        media[id] = MediaWords(caption=caption or None, alt=alt or None)
    return {id: found for id, found in media.items() if found.said}


def keys_of(passages: Passages, pair: LanguagePair) -> set[str]:
    """The keys under which the memory may know whole passages."""
    texts = (strip(passage.text) for passage in passages.values())
    return {key for text in texts for key in (*forms.keys(text, pair), *forms.near_keys(text, pair))}


def cut(passages: Passages, pair: LanguagePair, approved: Mapping[str, str]) -> list[Unit]:
    """The units of protected passages, in order.

    A passage that is `approved` as a whole (memory key to packed translation) is one unit: a person translated the
    paragraph as such.
    """
    return [unit for number, passage in passages.items() for unit in _units_of(number, passage, pair, approved)]


def _units_of(number: int, passage: Passage, pair: LanguagePair, approved: Mapping[str, str]) -> list[Unit]:
    units = []
    for place, sentence in enumerate(parts := _parts_of(passage.text, pair, approved), 1):
        text = strip(sentence)
        before, after = _white_space(sentence)
        units.append(
            Unit(
                passage=number,
                name=passage.name if len(parts) == 1 else f"{passage.name}, sentence {place}",
                text=text,
                before=before,
                after=after if text else "",
                keys=tuple(forms.keys(text, pair)),
                near_keys=tuple(forms.near_keys(text, pair)),
                inlines=passage.inlines,
            )
        )
    return units


def _parts_of(text: Text, pair: LanguagePair, approved: Mapping[str, str]) -> list[Text]:
    """The sentences of a passage; all of it where that is approved as one."""
    whole = strip(text)
    keys = (*forms.keys(whole, pair), *forms.near_keys(whole, pair)) if approved else ()
    if packing.first_that_fits(whole, keys, approved):
        return [text]
    return sentences.split(text, pair.source)


def _white_space(sentence: Text) -> tuple[str, str]:
    """One space, or none, for what stands before and after the words."""
    first, last = sentence[0], sentence[-1]
    before = " " if isinstance(first, str) and first[:1].isspace() else ""
    after = " " if isinstance(last, str) and last[-1:].isspace() else ""
    return before, after
