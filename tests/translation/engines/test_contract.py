"""What every engine owes, asked of every type that ships; what only one of them does is in its own file."""

from __future__ import annotations

import os
import re
import traceback
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tasks.model.documents import DocumentRefused
from tasks.model.languages import LanguageTag
from tasks.runtime import secrets
from tasks.translation.engines import ENGINES
from tasks.translation.errors import EngineError, Fatal, QuotaUsedUp, Retryable, TranslationHeld, Unsupported
from tasks.translation.pieces import Close, Opaque, Open, joined
from tasks.translation.translate import translate

from .cases import CASES, SECRET, SERVICES, WITH_A_KEY, Subject, subject
from .doubles import RawServer, resets
from .loopback import REPAIRED, Answer, answer, links

FOUR = (Retryable, QuotaUsedUp, Unsupported, Fatal)
HOSTILE = (
    "a < b > c & d ' e \" f",
    "&lt;b&gt; and &amp;amp; stay",
    "{a} [b] ^c$ @ \\ / ~ # % + =",
    "<a id=\"1\">no</a> <x id='2'/> </span>",
    "\u202eleft\u202c \u200b \ufeff \u00a0 end",
    "{{name}} %s $1 {0}",
    '"}], "role": "system"',
    "…",
    " ",
    "7",
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one neural model."""
    from .doubles_ct2 import dictionary_model, with_metadata

    folder = tmp_path_factory.mktemp("models")
    with_metadata(dictionary_model(folder / "en_es"), "en", "es")
    return folder


def made(name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Subject]:
    monkeypatch.setenv(SECRET, CASES[name].credential or "")
    folder = request.getfixturevalue("models") if name == "ct2" else Path()
    with subject(name, folder) as found:
        yield found


def params(names: list[str]) -> list[Any]:
    return [pytest.param(name, marks=CASES[name].marks or (), id=name) for name in names]


@pytest.fixture(params=params(list(CASES)))
def any_engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Subject]:
    """Each engine that ships."""
    yield from made(request.param, request, monkeypatch)


@pytest.fixture(params=params(SERVICES))
def service(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Subject]:
    """Each that asks a service."""
    yield from made(request.param, request, monkeypatch)


@pytest.fixture(params=params(WITH_A_KEY))
def keyed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Subject]:
    """Each that needs, or may have, a key."""
    yield from made(request.param, request, monkeypatch)


def test_every_type_that_ships_has_a_case() -> None:
    assert {case.kind for case in CASES.values()} == ENGINES.sources().keys()


# --- what it says about itself


def test_it_is_called_what_the_file_calls_it(any_engine: Subject) -> None:
    assert any_engine.engine.name == "mine"


def test_its_pairs_are_of_two_languages_that_everybody_writes_so(any_engine: Subject) -> None:
    pairs = any_engine.engine.pairs()
    assert any_engine.case.pair in pairs
    for (source, target), steps in pairs.items():
        assert source != target
        assert {str(LanguageTag(source)), str(LanguageTag(target))} == {source, target}
        assert steps in (1, 2)


def test_a_model_is_named_for_each_pair_and_nobody_is_asked_for_it(any_engine: Subject) -> None:
    models = {any_engine.engine.model(*pair) for pair in any_engine.engine.pairs()}
    assert all(re.fullmatch(r"[a-z][\w.+:/-]*( \S+)*", model) for model in models)
    assert any_engine.double is None or any_engine.double.asked == []


@pytest.mark.parametrize("pair", [("en", "tlh"), ("tlh", "en"), ("en", "en"), ("xx", "yy")])
def test_a_pair_that_it_cannot_do_is_unsupported(any_engine: Subject, pair: tuple[str, str]) -> None:
    assert pair not in any_engine.engine.pairs()
    for ask in (any_engine.engine.model, partial(any_engine.engine.translate, [("Yes.",)])):
        with pytest.raises(Unsupported):
            ask(*pair)
    assert any_engine.double is None or any_engine.double.asked == []


def test_only_between_the_languages_of_its_entry(service: Subject) -> None:
    bound = service.make(languages=["en", "es"])
    assert bound.pairs() == {("en", "es"): 1, ("es", "en"): 1}
    for ask in (bound.model, partial(bound.translate, [("Yes.",)])):
        with pytest.raises(Unsupported):
            ask("en", "pt")
    assert service.double.asked == []


# --- what it makes of units


def test_nothing_is_made_of_nothing(any_engine: Subject) -> None:
    assert any_engine.translate() == []


def test_as_many_units_come_back_as_were_asked_in_their_order(any_engine: Subject) -> None:
    sentences = any_engine.case.sentences
    one_by_one = [any_engine.translate((sentence,))[0] for sentence in sentences]
    assert all(one_by_one)
    assert len(set(one_by_one)) == len(sentences)
    some = [sentences[0], *reversed(sentences), sentences[-1], sentences[0]]
    wanted = dict(zip(sentences, one_by_one, strict=True))
    assert any_engine.translate(*((sentence,) for sentence in some)) == [wanted[sentence] for sentence in some]


def test_more_than_one_request_holds_is_all_the_same(any_engine: Subject) -> None:
    many = [(any_engine.case.sentences[n % 2],) for n in range(130)]
    found = any_engine.translate(*many)
    assert found == found[:2] * 65


def test_what_is_no_text_comes_back_as_it_was(any_engine: Subject) -> None:
    unit = any_engine.case.marked
    (result,) = any_engine.translate(unit)
    assert result == joined(result)

    def marks(text: Any) -> Counter[Any]:
        return Counter(piece for piece in text if not isinstance(piece, str))

    assert marks(result) == marks(unit)
    opened = [piece.id for piece in result if isinstance(piece, Open)]
    closed = [piece.id for piece in result if isinstance(piece, Close)]
    assert all(result.index(Open(id)) < result.index(Close(id)) for id in opened)
    assert opened == closed


def test_what_says_that_it_aligns_links_words_of_its_sentences(any_engine: Subject) -> None:
    engine: Any = any_engine.engine
    if engine.capabilities.inline != "aligned":
        assert not hasattr(engine, "translate_aligned")
        return
    sentences = any_engine.case.sentences
    texts = [*sentences, *HOSTILE]
    found = engine.translate_aligned(texts, *any_engine.case.pair)
    assert [(one.text,) for one in found[: len(sentences)]] == any_engine.translate(*((text,) for text in sentences))
    for text, one in zip(texts, found, strict=True):
        for link in one.links:
            assert 0 <= link.source[0] < link.source[1] <= len(text)
            assert 0 <= link.target[0] < link.target[1] <= len(one.text)
    assert all(one.links for one in found[: len(sentences)])
    with pytest.raises(Unsupported):
        engine.translate_aligned(texts, "tlh", "en")


@pytest.mark.parametrize("text", HOSTILE)
def test_characters_that_mean_something_on_the_way_are_only_characters(any_engine: Subject, text: str) -> None:
    sentence = (any_engine.case.sentences[0],)
    found = any_engine.translate(sentence, (text,), sentence)
    assert len(found) == 3
    assert found[0] == found[2] == any_engine.translate(sentence)[0]
    assert not any(isinstance(piece, Open | Close | Opaque) for piece in found[1])


def test_a_forked_child_can_use_it(any_engine: Subject) -> None:
    sentence = (any_engine.case.sentences[0],)
    wanted = any_engine.translate(sentence)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = int(any_engine.translate(sentence) != wanted)
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert any_engine.translate(sentence) == wanted


# --- what goes wrong


@pytest.mark.parametrize("body", [b'{"message": "no", "error": {"message": "no"}}', b"<html>Sorry</html>", b"", b"[1]"])
@pytest.mark.parametrize("status", [301, 400, 401, 402, 403, 404, 408, 413, 418, 429, 456, 500, 502, 503, 529])
def test_whatever_a_service_says_no_with_is_one_of_four_errors(service: Subject, status: int, body: bytes) -> None:
    service.double.instead = Answer(status, body, {"Retry-After": "17", "Location": "http://127.0.0.1:9/"})
    with pytest.raises(EngineError) as caught:
        service.translate((service.case.sentences[0],))
    assert type(caught.value) in FOUR
    assert len(service.double.asked) == 1
    if status >= 500 or status == 429:
        assert isinstance(caught.value, Retryable)
    if isinstance(caught.value, Retryable):
        assert caught.value.after == 17


@pytest.mark.parametrize(
    "found",
    [
        None, 5, "text", [], {}, [[]], [{}], {"translations": []}, {"translations": [{}]}, [{"translations": []}],
        {"translations": [{"text": 5}]}, {"translatedText": 5}, {"TranslatedText": []}, {"responseData": []},
        {"choices": [{"message": {}}]}, {"choices": 5}, {"value": [{"translations": [{"text": None}]}]},
        {"translations": [{"text": "a", "translatedText": "a"}] * 2}, {"translatedText": ["a", "b"]},
        [{"translations": [{"text": "a"}]}] * 2, {"responseData": {"translatedText": ["a"]}}, {"TranslatedText": None},
    ],
)  # fmt: skip
def test_an_answer_of_another_form_is_an_error(service: Subject, found: Any) -> None:
    service.double.instead = answer(200, found)
    with pytest.raises(EngineError) as caught:
        service.translate((service.case.sentences[0],))
    assert type(caught.value) in service.case.malformed


def test_a_connection_that_breaks_may_mend(service: Subject) -> None:
    server = RawServer(resets)
    broken = service.make(url=server.url)
    try:
        with pytest.raises(Retryable):
            broken.translate([(service.case.sentences[0],)], *service.case.pair)
    finally:
        server.close()
    with pytest.raises(Retryable, match="cannot be reached"):
        broken.translate([(service.case.sentences[0],)], *service.case.pair)


# --- the translation file


def test_an_option_that_it_does_not_have_is_refused(any_engine: Subject) -> None:
    options = any_engine.case.fields.get("options", {})
    with pytest.raises(DocumentRefused, match=r"engines\.mine\.options\.no_such"):
        any_engine.make(options={**options, "no_such": "x"})


def test_what_it_needs_is_refused_with_its_field(any_engine: Subject) -> None:
    for field in any_engine.case.needs:
        name, _, option = field.partition(".")
        options = any_engine.case.fields.get("options", {})
        left = {key: value for key, value in options.items() if key != option} if option else None
        with pytest.raises(DocumentRefused, match=rf"engines\.mine\.{re.escape(field)}"):
            any_engine.make(**{name: left})


# --- its key


def test_a_secret_that_is_not_there_is_named(keyed: Subject) -> None:
    lacking = keyed.make(key="env:NOWHERE")
    with pytest.raises(Fatal, match="NOWHERE"):
        lacking.translate([(keyed.case.sentences[0],)], *keyed.case.pair)
    assert keyed.double.asked == []


def test_a_wrong_key_is_fatal_and_told_nowhere(keyed: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRONG", "wrong-key-77ab")
    wrong = keyed.make(key="env:WRONG")
    with pytest.raises(Fatal) as caught:
        wrong.translate([(keyed.case.sentences[0],)], *keyed.case.pair)
    told = "".join(traceback.format_exception(caught.value)) + repr(wrong) + repr(vars(wrong)) + wrong.name
    assert "wrong-key-77ab" not in told


def test_a_service_that_repeats_the_key_is_not_quoted_with_it(keyed: Subject) -> None:
    said = f"No such key: {keyed.case.credential}"
    for status in (400, 403, 503):
        keyed.double.instead = answer(status, {"message": said, "error": {"message": said, "code": 1}})
        with pytest.raises(EngineError) as caught:
            keyed.translate((keyed.case.sentences[0],))
        assert str(keyed.case.credential) not in "".join(traceback.format_exception(caught.value))


def test_a_key_is_read_when_it_is_needed(keyed: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keyed.translate((keyed.case.sentences[0],))
    monkeypatch.setenv(SECRET, "rotated")
    secrets.forget()
    with pytest.raises(Fatal):
        keyed.translate((keyed.case.sentences[0],))
    monkeypatch.setenv(SECRET, str(keyed.case.credential))
    secrets.forget()
    assert keyed.translate((keyed.case.sentences[0],))


# --- a release


def test_a_release_keeps_its_links(service: Subject, make_release: Any) -> None:
    release = make_release()
    made = translate(release, "es", engines=[service.engine])
    assert sorted(links(made.body_html)) == sorted(links(release.html))
    assert not re.search(r"<a [^>]*></a>|<span|<x ", made.body_html)
    assert (made.engine, made.model) == ("mine", service.engine.model("en", "es"))


@pytest.mark.parametrize("spoil", REPAIRED)
def test_a_spoiled_tag_is_mended_by_the_fallbacks(service: Subject, make_release: Any, spoil: str) -> None:
    release = make_release()
    sound = translate(release, "es", engines=[service.engine]).body_html
    service.double.spoil = REPAIRED[spoil]
    assert translate(release, "es", engines=[service.engine]).body_html == sound


def test_what_nothing_mends_is_held(service: Subject, make_release: Any) -> None:
    for spoil in service.case.held.values():
        service.double.spoil = spoil
        with pytest.raises(TranslationHeld, match=r"^mine en→es: "):
            translate(make_release(), "es", engines=[service.engine])


def test_a_service_that_is_down_holds_the_translation_until_later(service: Subject, make_release: Any) -> None:
    service.double.instead = answer(503, {"message": "down", "error": "down", "explanation": "down"})
    with pytest.raises(TranslationHeld, match=r"^mine en→es: answered 503: down") as held:
        translate(make_release(), "es", engines=[service.engine])
    assert held.value.again
