"""Markdown: what is rendered, and what is refused because it would be published with all its signs."""

from __future__ import annotations

import json
import re

import pytest

from tasks.model.documents import DocumentRefused
from tasks.model.markdown import render
from tasks.model.markup import clean_html
from tasks.model.readers import read_release


def html(text: str) -> str:
    return re.sub(r">\n+", ">", clean_html(render(text)))


def why(text: str) -> str:
    with pytest.raises(ValueError, match="line") as refused:
        render(text)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        (
            "| a | b |\n|---|--:|\n| c | 1 |",
            "<tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>c</td><td>1</td></tr>",
        ),
        ("~~old~~ new", "<p><s>old</s> new</p>"),
        ("- [x] done\n- [ ] open", "<ul><li>☑ done</li><li>☐ open</li></ul>"),
        ("Term\n: What *it* is", "<dl><dt>Term</dt><dd>What <em>it</em> is</dd></dl>"),
        (
            "Said[^a].^[At once]\n\n[^a]: On **Monday**.",
            '<p>Said<sup translate="no">[1]</sup>.<sup translate="no">[2]</sup></p>'
            "<hr><ol><li><p>On <strong>Monday</strong>.</p></li><li><p>At once</p></li></ol>",
        ),
        (
            '![Our yard](https://a.example/y.jpg "Porto, 2026")',
            '<p><img src="https://a.example/y.jpg" alt="Our yard" title="Porto, 2026"></p>',
        ),
        ("[a][b]\n\n[b]: https://a.example", '<p><a href="https://a.example">a</a></p>'),
        (r"\==a== `[[b]]` \$x^2\$ [\[c]]", "<p>==a== <code>[[b]]</code> $x^2$ [[c]]</p>"),
    ],
    ids=["table", "strikethrough", "tasks", "definitions", "footnotes", "image", "reference", "escaped"],
)
def test_what_is_rendered(text: str, rendered: str) -> None:
    assert rendered in html(text)


@pytest.mark.parametrize(
    "text",
    [
        "We paid $5 and $10, US$5 to A$6_x, and $5=$6",
        "$AAPL and $MSFT rose; A$AP and Ke$ha too",
        "Studies [1][2] say so [sic] (see [a])",
        "C++/C++ and a == b; ~5% to ~6%; 2^10; 5 * 3 * 2",
        "Revenue** grew, EBITDA* fell*\n\n** unaudited\n\n*) after tax, **) before tax *) again\n\n5 *3 * 2",
        "At 10:30:45, note:this:one, ratio 3:2:1",
        "a | b | c\n\n#Hashtag and :-) and {x} and <3",
        "Web: https://a.example/x_y?z={1}[2] and a_b_c __init__.py",
        "* * *\n\nText\n\n> Quote\n\n1. One\n2. Two\n\n```\n==code==\n```",
        "<div>\nAcme & Co <!-- **x** --> said\n</div>",
        "> ```\n> code\n> ```\n\n- a\n\n  ~~~~\n  ```\n  ~~~~\n- b\n\n````py\n```\n````",
        "売上は**100億円**です。",
    ],
)
def test_what_people_write_is_taken(text: str) -> None:
    assert html(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("==mark==", "line 1 of the body: '==mark==' marks text"),
        ("a\nb\n\n::: note\nx\n:::", "line 4 of the body: '::: note'"),
        ("a\nsee [[page|x]]", "line 2 of the body: '[[page|x]]' is a link of a wiki"),
        ("so $x^2$ is", "'$x^2$' is a formula"),
        ("$$\nx\n$$", "'$$' is a formula"),
        ("a\n\nb [text][missing] c", "line 3 of the body: '[text][missing]' is a link whose definition is missing"),
        ("[text][]", "is a link whose definition is missing"),
        ("see [text](https://a.example", "'[text](https://a.example' is a link that is not closed"),
        ("[t](javascript:x)", "has an address that is none"),
        ("[t](https://a b)", "has an address that is none"),
        ("a\n[t](page.html)", "line 2 of the body: the link 't' has the address 'page.html'; addresses are absolute"),
        ("![t](pic.png)", "the image 't' has the address 'pic.png'"),
        ("a\n![t] b", "line 2 of the body: '![t]' is an image without its address"),
        ("[](https://a.example)", "the link to 'https://a.example' has no text"),
        ("[x]: foo bar", "defines a link with an address that is none"),
        ("<https://a.example", "is an address that is not closed"),
        ("[^1]", "is a footnote without its text"),
        ("a\n\n[^1]: unused", "line 3 of the body: the footnote '[^1]' is explained, and no text refers to it"),
        ("**「太字」**の", "marks nothing as bold"),
        ("**Über Acme:**Wir bauen", "marks nothing as bold"),
        ("*Hinweis:*Text", "marks nothing as emphasised"),
        ("H~2~O", "lowers a letter"),
        ("x^2^", "raises a letter"),
        ("Dear {{name}},", "is a placeholder that nobody has filled in"),
        ("# T {#id}", "gives an attribute"),
        (":smile:", "is the name of an emoji"),
        ("##Head", "is a heading without a space"),
        ("|a|b|\n|c|d|", "is a row of a table that has no line of dashes"),
        ("!!! note\n    x", "begins a block"),
        ("> [!NOTE]\n> x", "begins a block"),
        ("[TOC]", "table of contents"),
        ("*[WHO]: World Health Organization", "explains an abbreviation"),
        ("a\n\n<div>\n**x**\n</div>", "line 4 of the body: '**x**' marks nothing as bold"),
        ("<div>\n[x](https://a.example)\n</div>", "line 2 of the body: '[x](https://a.example)' is"),
        ("a\n\n```\ncode\n\nb", "line 3 of the body: '```' begins a block of code that is not closed"),
        ("- a\n\n  ```\n  code\n- b", "line 3 of the body: '```' begins a block of code"),
        ("| a |\n|---|\n| ==b== |", "line 3 of the body: '==b=='"),
    ],
)
def test_what_would_be_published_raw_is_refused_with_its_line(text: str, says: str) -> None:
    assert says in why(text)


def test_the_line_is_that_of_the_file_and_the_field_is_named() -> None:
    text = "---\nuri: urn:x:1\nlanguage: en\nheadline: H\n---\n\nAcme said.\n\nSee [the plant][missing].\n"
    with pytest.raises(DocumentRefused) as refused:
        read_release(text.replace("\n", "\r\n"))
    [problem] = refused.value.problems
    assert problem.field == "body_markdown"
    assert problem.problem.startswith("line 9: '[the plant][missing]' is a link whose definition is missing")
    document = {"uri": "urn:x:1", "language": "en", "headline": "H", "body_markdown": "Said."}
    with pytest.raises(DocumentRefused, match=r"translations\.de\.body_markdown: line 2 of the body: '==b=='"):
        read_release(json.dumps(document | {"translations": {"de": {"headline": "H", "body_markdown": "a\n==b=="}}}))


def test_many_faults_are_named_in_few_words() -> None:
    said = why("\n\n".join(["==a== [[b]]"] * 50))
    assert said.endswith("and 95 faults more")
    assert len(said) < 1500


@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    "token", ["a", "==", "**a", "~~", "<!--", "$", "|", "{", ":a", "]( ", "<", "x^", "x~", "[a", "#"]
)
def test_no_text_costs_more_than_its_length(token: str) -> None:
    for body in (token * (100_000 // len(token)), "<div>\n" + token * (100_000 // len(token)) + "\n</div>"):
        try:
            render(body)
        except ValueError:
            continue
