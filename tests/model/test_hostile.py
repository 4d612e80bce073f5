"""What strangers send must cost little, be told in few words, and never make a release that cannot be read again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasks.model.documents import MOST_TOLD, DocumentRefused, load_yaml
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


@pytest.mark.parametrize("value", ["[" * 100_000, "\n" + "- " * 15_000, "{a: " * 30, "\n" + "? " * 15_000])
def test_front_matter_that_is_nested_deeply_is_refused_before_it_is_built(value: str) -> None:
    """The loader calls itself for each level, and took 205 s for a line of brackets."""
    assert "nested deeper than 20 levels" in str(refused(f"---\nx: {value}\n---\nText"))


def test_front_matter_has_a_largest_size() -> None:
    assert "larger than 524,288 characters" in str(refused(f"---\nx: {'y' * 600_000}\n---\nText"))


@pytest.mark.parametrize("value", ["1" + ":59" * 100_000, "9" * 100_000, "0777", "10:30", "1_000", "0x10", "1e5"])
def test_only_plain_numbers_are_numbers(value: str) -> None:
    """YAML 1.1 has numbers of base 60, whose cost grows with the square of their length."""
    assert load_yaml(f"x: {value}") == {"x": value}


@pytest.mark.parametrize(
    ("value", "number"), [("0", 0), ("-12", -12), ("+3", 3), ("9" * 18, 10**18 - 1), ("0.50", 0.5)]
)
def test_plain_numbers_are_read(value: str, number: float) -> None:
    assert load_yaml(f"x: {value}") == {"x": number}


def test_one_bad_address_among_thousands_is_found_at_once() -> None:
    links = "".join(f'<p><a href="https://a.example/{n}">{n}</a></p>' for n in range(18_000))
    assert "'https://b.example:99999/'" in str(
        refused(with_body(f'{links}<p><a href="https://b.example:99999/">b</a></p>'))
    )


@pytest.mark.parametrize(
    ("html", "says"),
    [
        ('<p>a</p>\n<p>See <a href="page.html">b</a></p>', "line 2 of the body holds the address 'page.html'"),
        ("<p>a</p>\n\n<p><a>b</a></p>", "line 3 of the body holds a link without an address, around 'b'"),
        ("<p>a</p>\n<p><img alt='b'></p>", "line 2 of the body holds an image without an address, called 'b'"),
        ("<p>a</p>\n<video></video>", "line 2 of the body holds <video>"),
        ('<p>a\n<a href="https://a.example:99999/">b</a></p>', "line 2 of the body holds the address 'https://a.exa"),
    ],
)
def test_what_is_wrong_with_html_is_named_with_its_line(html: str, says: str) -> None:
    assert says in str(refused(with_body(html)))
    document = f"---\nuri: urn:x:1\nlanguage: en\nheadline: H\n---\n\n{html}"
    number = int(says.split()[1])
    assert says.replace(f"line {number} of the body", f"line {number + 6}") in str(refused(document))


@pytest.mark.parametrize("tag", ['<a href="https://x.example/{}">x</a>', '<p name="{}">x</p>', '<img src="{}">'])
def test_an_attribute_that_a_parser_would_take_seconds_for_is_refused(tag: str) -> None:
    """Found by fuzzing: what looks like comments, within an address."""
    says = str(refused(with_body(tag.format("<!--" * 30_000))))
    assert "characters; at most 8,000 are taken" in says
    assert len(says) < 300


def test_a_tag_with_thousands_of_attributes_is_refused() -> None:
    assert "longer than 20,000" in str(refused(with_body(f"<p {' '.join(f'a{n}=1' for n in range(30_000))}>x</p>")))
    long = "x" * 30_000
    assert read_release(with_body(f"<p>1 < 2 {long}</p>")).html == f"<p>1 &lt; 2 {long}</p>"


def test_markdown_that_would_blow_up_is_refused() -> None:
    body = "[a]: https://a.example/" + "x" * 20_000 + "\n\n" + "[a] " * 1_900
    assert "too large" in str(refused(f"---\nuri: urn:x:1\nlanguage: en\nheadline: H\n---\n{body}"))


@pytest.mark.parametrize("token", ["[", "![", "[a](", "[a]"])
def test_markdown_with_thousands_of_links_is_refused(token: str) -> None:
    body = token * 100_000
    assert "more than 2,000 opening brackets" in str(
        refused(f"---\nuri: urn:x:1\nlanguage: en\nheadline: H\n---\n{body}")
    )


def test_markdown_with_tens_of_thousands_of_lines_is_refused() -> None:
    body = ">}}\n---\n" * 32_000
    refusal = refused(f"---\nuri: urn:x:1\nlanguage: en\nheadline: H\n---\n{body}")
    assert "more than 10,000 lines of Markdown" in str(refusal)


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
