"""The parts of one release version in one language that all formats have in common, worked out once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tasks.formatting.article_media import ArticleMedia, article_media
from tasks.formatting.house import HouseText, house_text
from tasks.formatting.plain import fold
from tasks.formatting.rendition import Wire
from tasks.model.languages import LanguageTag
from tasks.model.markup import clean_html
from tasks.model.media import PublishedMedia
from tasks.model.pictures import with_addresses, words_shown
from tasks.model.readers import stray_characters
from tasks.model.release import Contact, Release, Translation
from tasks.runtime.foreign_text import without_harmful

ALGORITHMIC = frozenset({"apertium", "apertium-apy", "opencc"})
"""Names of engines that translate by rules that people wrote, and not by a model that was trained on data."""


_LABEL = re.compile("[:：.。]")
_LEADING_FIGURES = re.compile(r"(?:<figure>(?:(?!</?figure[ >]).)*</figure>\s*)+(?=<p[ >])", re.DOTALL)
TEST_LEAD = "TEST – DO NOT PUBLISH: this item only tries whether deliveries arrive."
"""In English whatever the language is: who looks at a test is a technician."""


NONE_PUBLISHED: Mapping[str, PublishedMedia] = {}


def item_uri(release_uri: str, language: str) -> str:
    """The URI of one language of a release; it is the same in all versions."""
    return f"{release_uri}:{language}"


@dataclass(frozen=True, kw_only=True)
class Article:
    """The parts of an article, ready for any format. A kill has a headline and a lead, and no body or dateline."""

    release: Release
    translation: Translation
    wire: Wire
    house: HouseText
    action: Literal["publish", "correct", "kill", "test"]
    headline: str
    subheadline: str | None
    dateline: str
    """Place, date and wire, with the space that belongs after them; empty for a kill."""
    body_html: str
    lead: str | None
    """The sentence that announces a kill, a correction or a test: the first thing that an editor reads."""
    note: str | None
    """The producer's reason for a correction or kill, in the language of the release."""
    machine_notice: str | None
    disclaimer: str
    industries: str | None
    about: str
    place: str | None
    contacts: tuple[Contact, ...]
    """Whom editors may call, with their roles in the article's language as far as anybody has said them in it."""
    media: tuple[ArticleMedia, ...]
    """The pictures, videos, sounds and documents, in the order of the release; none for a kill. Those that the body
    shows stand in it as `<img>` with the same `href`."""
    received: datetime | None
    """When the wire received this version of the release; None if the caller did not say."""
    first_received: datetime | None
    """When the wire received the first version of the release; None if the caller did not say."""

    @property
    def language(self) -> str:
        """The language of the words: the variant in which they are written, whatever the outlet asked for."""
        return self.translation.written_in

    @property
    def direction(self) -> str:
        return LanguageTag(self.language).direction

    @property
    def pub_status(self) -> str:
        """The IPTC publishing status, such as `usable`; a test is `withheld`: not to be published."""
        return "withheld" if self.action == "test" else self.release.status

    @property
    def label(self) -> str | None:
        """The lead in a few words, those before its colon or first stop, for subjects and titles; None without one."""
        return _LABEL.split(self.lead, maxsplit=1)[0].strip() if self.lead else None

    @property
    def body_parts(self) -> tuple[str, str]:
        """The figures before the first words of the body, and the rest, before which the dateline belongs."""
        figures = _LEADING_FIGURES.match(self.body_html)
        end = figures.end() if figures else 0
        return self.body_html[:end], self.body_html[end:]

    @property
    def begins_with_paragraph(self) -> bool:
        """Whether the words of the article's body begin with a paragraph, into which the dateline can be put."""
        return self.body_parts[1].startswith(("<p>", "<p "))

    @property
    def content_language(self) -> str:
        """The language tag of the article's words; that of a machine translation says its source: `fr-x-mtfrom-en`."""
        if not self.translation.machine:
            return self.language
        return f"{self.language}-x-mtfrom-{self.source_language}"

    @property
    def source_language(self) -> str:
        """The language of the text that the article was translated from; by default that of the release."""
        source = None if self.translation.by_producer else self.translation.source
        return source or self.release.language

    @property
    def translated(self) -> bool:
        """Whether the article is in another language than the release."""
        return self.language != self.release.language

    @property
    def uri(self) -> str:
        """The URI of the release in the language that outlets asked for: the same in all versions, whichever variant of
        it the producer writes in."""
        return item_uri(self.release.uri, self.translation.language)

    @property
    def source_uri(self) -> str:
        """The URI of the release in the language that the article was translated from."""
        return item_uri(self.release.uri, self.source_language)

    @property
    def also_in(self) -> tuple[tuple[str, str], ...]:
        """The languages, other than its own, in which the producer wrote the release, each with the URI of its item.

        It does not name translations by engines: which there are, and when, depends on the outlets of the moment, and a
        rendition is made once, and is the same for all. Each of those names what it was made from.
        """
        languages = (self.release.language, *self.release.translations)
        return tuple((tag, item_uri(self.release.uri, tag)) for tag in languages if tag != self.language)

    @property
    def source_type(self) -> str | None:
        """The IPTC digital source type of a text that a machine wrote; None for one that people wrote.

        A translation keeps the content and changes the words. By rules, that is `algorithmicallyEnhanced`
        ("modification … by algorithm without changing the main content"); by a learnt model, neural or generative,
        it is `compositeWithTrainedAlgorithmicMedia` (people's work edited with AI). `trainedAlgorithmicMedia` would
        say that the machine made the news as well. Where several engines had a part, one that has learnt is enough.
        """
        if not self.translation.machine:
            return None
        engines = set(self.translation.engine.lower().split("+")) - {"memory"}
        rules = engines <= ALGORITHMIC
        return "algorithmicallyEnhanced" if rules else "compositeWithTrainedAlgorithmicMedia"

    def topic_name(self, topic: str) -> str | None:
        """The name of a topic in the article's language; None if the house text has none."""
        return self.house.texts.topics.get(topic)


def make_article(
    release: Release,
    translation: Translation,
    wire: Wire,
    received: datetime | None = None,
    first_received: datetime | None = None,
    *,
    test: bool = False,
    published: Mapping[str, PublishedMedia] = NONE_PUBLISHED,
) -> Article:
    """Make the article of a translation; `test` marks it as one that nobody may publish. `published`: by id, the files
    of the release that the wire has; the others are where the producer has them. Raises HouseTextMissing, and
    ValueError for a body that cannot be published."""
    house = house_text(translation.written_in)
    release = _cleaned(release)
    if translation.model:
        translation = translation.model_copy(update={"model": _line(translation.model)})
    killed = release.status == "canceled"
    corrected = not killed and release.version > 1
    place = translation.dateline_place or (release.dateline.place if release.dateline else None)
    day = release.dateline.date if release.dateline else None
    topics = house.texts.topics
    names = [topics[topic] for topic in dict.fromkeys(release.topics) if topic in topics]
    # cleaned once more: an engine wrote this after the release was cleaned
    body = "" if killed else clean_html(translation.body_html)
    media = () if killed else article_media(release, translation, published, words_shown(body))
    hrefs = {item.id: item.href for item in media}
    return Article(
        release=release,
        translation=translation,
        wire=wire,
        house=house,
        action="test" if test else "kill" if killed else "correct" if corrected else "publish",
        headline=_line(translation.headline),
        subheadline=_line(translation.subheadline) if translation.subheadline and not killed else None,
        dateline="" if killed else house.dateline_for(place, day, wire.name),
        body_html=with_addresses(body, hrefs),
        lead=TEST_LEAD if test else _lead(house, release, wire),
        note=release.correction_note if killed or corrected else None,
        machine_notice=(
            house.texts.machine_translation.format(source_language=house.language_name(release.language))
            if translation.machine and not killed
            else None
        ),
        disclaimer=house.texts.disclaimer.format(wire=wire.name, url=wire.url),
        industries=house.texts.industries.format(names=house.texts.separator.join(names)) if names else None,
        about=house.about_wire(wire),
        place=place,
        contacts=tuple(_contacts(release, translation, house)),
        media=media,
        received=received,
        first_received=first_received,
    )


def _contacts(release: Release, translation: Translation, house: HouseText) -> Iterator[Contact]:
    """The contacts with their roles: as they were translated, else in the wire's own words, else as the release has
    them."""
    translated = iter(translation.contact_roles)
    for contact in release.contacts:
        role = next(translated, "")
        if contact.role:
            role = _line(role) or house.role(contact.role, release.language)
        yield contact.model_copy(update={"role": role or None})


def _cleaned(release: Release) -> Release:
    """A release as it would be taken now: earlier versions of Fanwire took characters that must not be published."""
    document, found = stray_characters.taken_out(release.model_dump(mode="json", exclude_none=True))
    return Release.from_ledger(json.dumps(document)) if found else release


def _line(text: str) -> str:
    """A line as an engine or an earlier version of Fanwire left it, without what must not be published."""
    return fold(without_harmful(text))


def _lead(house: HouseText, release: Release, wire: Wire) -> str | None:
    if release.status == "canceled":
        return house.texts.kill.format(wire=wire.name)
    if release.version > 1:
        return house.texts.correction.format(version=house.number(release.version))
    return None
