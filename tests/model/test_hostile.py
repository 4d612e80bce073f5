"""What strangers send must cost little, be told in few words, and never make a release that cannot be read again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasks.model.documents import MOST_TOLD, DocumentRefused
from tasks.model.readers import read_release
from tasks.model.release import MAX_VERSION, Release
from tasks.planning import matches
from tests.support.samples import outlet, release


def refused(document: Any) -> DocumentRefused:
    with pytest.raises(DocumentRefused) as told:
        read_release(document if isinstance(document, dict) else document.encode())
    return told.value


def with_body(html: str) -> dict[str, Any]:
    return {"uri": "urn:x:1", "language": "en", "headline": "H", "body_html": html}


@pytest.mark.parametrize(
    "address", ["https://a.example:99999/", "http://a b/", "https:///", "https://[::1/", "http://%zz%/\x01"]
)
def test_an_address_that_the_cleaner_would_drop_is_refused_at_the_door(address: str) -> None:
    assert "address" in str(refused(with_body(f'<p>See <a href="{address}">the plant</a>.</p>')))


@pytest.mark.parametrize("html", ["<p>a</p>", '<p><a href="https://a.example/?x=1&amp;y=%20">x</a></p>', "<h1>T</h1>x"])
def test_what_was_taken_reads_the_same_from_the_ledger(html: str) -> None:
    taken = read_release(with_body(html))
    again = Release.from_ledger(taken.to_json())
    assert again == taken
    assert again.digest() == taken.digest()


def test_an_alias_in_front_matter_is_refused_before_it_is_built() -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))
    assert "alias" in str(refused(f"---\nl0: &l0 [x]\n{levels}\n---\nText"))


def test_markdown_that_would_blow_up_is_refused() -> None:
    body = "[a]: https://a.example/" + "x" * 20_000 + "\n\n" + "[a] " * 20_000
    assert "too large" in str(refused(f"---\nuri: urn:x:1\nlanguage: en\nheadline: H\n---\n{body}"))


def test_a_thousand_faults_are_told_in_few_words() -> None:
    document = with_body("<p>x</p>") | {f"unknown-{n}" * 20: n for n in range(5000)}
    refusal = refused(document)
    assert len(refusal.problems) == MOST_TOLD + 1
    assert "4,980 more problems" in refusal.problems[-1].problem
    assert len(str(refusal)) < 20_000


def test_two_spellings_of_one_language_are_refused_not_merged() -> None:
    text = {"headline": "H", "body_html": "<p>x</p>"}
    told = str(refused(with_body("<p>x</p>") | {"translations": {"pt_BR": text, "pt-br": text}}))
    assert "'pt_BR' and 'pt-br'" in told


def test_an_outlet_that_names_a_language_twice_gets_it_once() -> None:
    assert list(matches(release(language="de"), outlet(languages=["de", "DE"], country="DE"))) == ["de"]


def test_the_last_version_can_only_be_a_kill() -> None:
    assert "can only be a kill" in str(refused(with_body("<p>x</p>") | {"version": MAX_VERSION}))
    kill = {"uri": "urn:x:1", "language": "en", "headline": "H", "status": "canceled", "version": MAX_VERSION}
    assert read_release(json.dumps(kill)).version == MAX_VERSION
