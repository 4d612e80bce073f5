"""XLIFF 2.1: what is written keeps its rules, what comes back is the same, and what strangers send does no harm."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tasks.model.documents import DocumentRefused
from tasks.translation.exchange import xliff
from tasks.translation.exchange.xliff import MATCHES, NAMESPACE, Code, Line, Mark, Match, Sheet
from tasks.translation.pieces import Close, Opaque, Open, Text, joined, shown, strip

X = {"x": NAMESPACE}
SOURCE: Text = (
    Opaque(4, "Norvik Tidal", kind="name"), " opened ", Open(1), "its ", Open(2), "plant", Close(2), Close(1), " ",
    Opaque(3, "", kind="image"), " on ", Opaque(5, "5 de marzo", kind="date", said="March 5"), ".",
)  # fmt: skip
TARGET: Text = (
    "El ", Opaque(5, "5 de marzo", kind="date", said="March 5"), " ", Opaque(4, "Norvik Tidal", kind="name"), " abrió ",
    Open(1), "su ", Open(2), "planta", Close(2), Close(1), " ", Opaque(3, "", kind="image"), ".",
)  # fmt: skip
CODES = {
    1: Code('<a href="https://norvik.example/?a=1&amp;b=2">', "</a>", "link", "link to https://norvik.example/"),
    2: Code("<em>", "</em>", "fmt", "<em>"),
    3: Code('<img src="https://norvik.example/sea.jpg">', type="image", description="image"),
}


def sheet(*lines: Line) -> Sheet:
    return Sheet("urn:x:1 v2", "en", "es", lines)


def line(**fields: Any) -> Line:
    fields = {"source": SOURCE, "target": TARGET, "state": "translated", "codes": CODES} | fields
    return Line("paragraph-1", "paragraph 1", **fields)


def document(
    content: str, *, root: str = "xliff", attributes: str = 'version="2.1" srcLang="en" trgLang="es"'
) -> bytes:
    return f'<{root} xmlns="{NAMESPACE}" {attributes}>{content}</{root}>'.encode()


def unit(source: str, target: str = "", attributes: str = 'id="u1"') -> bytes:
    inner = f"<source>{source}</source>" + (f"<target>{target}</target>" if target else "")
    return document(f'<file id="f1"><unit {attributes}><segment>{inner}</segment></unit></file>')


# --- writing


def test_one_file_with_a_unit_for_each_of_ours() -> None:
    notes = [("problem", "number 12 is missing"), ("made by", "apertium")]
    root: Any = etree.fromstring(xliff.write(sheet(line(notes=notes), Line("headline", "headline", ("A plant",)))))
    assert {**root.attrib} == {"version": "2.1", "srcLang": "en", "trgLang": "es"}
    [file] = root.xpath("x:file", namespaces=X)
    assert (file.get("original"), file.get("canResegment")) == ("urn:x:1 v2", "no")
    assert root.xpath("//x:unit/@id", namespaces=X) == ["paragraph-1", "headline"]
    assert root.xpath("//x:unit/@name", namespaces=X) == ["paragraph 1", "headline"]
    assert root.xpath("//x:note/@category", namespaces=X) == ["problem", "made by"]
    assert root.xpath("//x:segment/@state", namespaces=X) == ["translated", "initial"]
    assert len(root.xpath("//x:target", namespaces=X)) == 1


def test_the_children_of_a_unit_stand_in_the_order_that_the_standard_asks_for() -> None:
    root: Any = etree.fromstring(xliff.write(sheet(line(notes=[("problem", "x")]))))
    [one] = root.xpath("//x:unit", namespaces=X)
    assert [etree.QName(child).localname for child in one] == ["notes", "originalData", "segment"]
    [segment] = root.xpath("//x:segment", namespaces=X)
    assert [etree.QName(child).localname for child in segment] == ["source", "target"]


def test_inline_codes_cannot_be_deleted_and_show_their_markup() -> None:
    root: Any = etree.fromstring(xliff.write(sheet(line())))
    codes = root.xpath("//x:source//x:pc | //x:source//x:ph", namespaces=X)
    assert [(etree.QName(code).localname, code.get("id"), code.get("type")) for code in codes] == [
        ("ph", "1", "other"), ("pc", "2", "link"), ("pc", "3", "fmt"), ("ph", "4", "image"), ("ph", "5", "other"),
    ]  # fmt: skip
    assert {(code.get("canDelete"), code.get("canCopy")) for code in codes} == {("no", "no")}
    data = {one.get("id"): one.text for one in root.xpath("//x:data", namespaces=X)}
    link = codes[1]
    assert data[link.get("dataRefStart")] == '<a href="https://norvik.example/?a=1&amp;b=2">'
    assert data[link.get("dataRefEnd")] == "</a>"
    assert "https://norvik.example/" in link.get("dispStart")
    there = root.xpath("//x:target//x:pc | //x:target//x:ph", namespaces=X)
    assert Counter(code.get("id") for code in there) == Counter(code.get("id") for code in codes)
    assert [root.xpath(f"//x:{where}/x:ph[@id='5']/@disp", namespaces=X) for where in ("source", "target")] == [
        ["March 5"], ["5 de marzo"],
    ]  # fmt: skip


def test_every_id_is_there_once_and_every_reference_names_something() -> None:
    root: Any = etree.fromstring(xliff.write(sheet(line())))
    data = root.xpath("//x:data/@id", namespaces=X)
    assert len(set(data)) == len(data)
    references = root.xpath("//@dataRef | //@dataRefStart | //@dataRefEnd")
    assert set(references) == set(data)
    for where in ("source", "target"):
        found = root.xpath(f"//x:{where}//@id", namespaces=X)
        assert len(set(found)) == len(found)


def test_what_xml_cannot_hold_is_written_by_its_number_and_comes_back() -> None:
    source: Text = ("a\x0bb\ufffec \U0001f600",)
    data = xliff.write(Sheet("urn:x:\x01 v1", "en", "es", [Line("u", "n\x02", source, notes=[("problem", "\x03")])]))
    assert b'<cp hex="000B"/>' in data
    [back] = xliff.read(data).units
    assert xliff.fitted(back.source, source) == (source, [])


def test_ids_say_where_a_unit_stands() -> None:
    names = ["headline", "paragraph 3, sentence 2", "alt 'Über'", "alt 'Über'", "…"]
    assert xliff.ids(names) == ["headline", "paragraph-3.sentence-2", "alt-ber", "alt-ber_2", "unit"]


# --- there and back


def test_it_comes_back_the_same() -> None:
    [back] = xliff.read(xliff.write(sheet(line()))).units
    assert (back.id, back.name, back.state) == ("paragraph-1", "paragraph 1", "translated")
    assert xliff.fitted(back.source, SOURCE) == (SOURCE, [])
    assert xliff.fitted(back.target, SOURCE) == (TARGET, [])
    assert back.target == xliff.stripped(xliff.marks(TARGET, SOURCE))


def test_what_an_engine_made_opaque_by_itself_comes_back_as_words() -> None:
    target = ("Un ", Opaque(9, "12,5", kind="number"), " % más.")
    [back] = xliff.read(xliff.write(sheet(line(source=("12.5% more.",), target=target)))).units
    assert back.target == xliff.marks(target, ("12.5% more.",)) == ("Un 12,5 % más.",)


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
leaves = st.one_of(
    words, st.sampled_from(["name", "url", "code"]).map(lambda kind: Opaque(0, f"<{kind}> & co", kind=kind))
)
trees = st.recursive(st.lists(leaves, max_size=3), lambda inner: st.lists(inner | leaves, max_size=3), max_leaves=12)


def text_from(tree: Any) -> Text:
    """A text with an inline element for each inner list, numbered as runs number them."""
    number = iter(range(1, 1000))

    def pieces(node: Any) -> Any:
        for child in node:
            if isinstance(child, list):
                id = next(number)
                yield from (Open(id), *pieces(child), Close(id))
            else:
                yield Opaque(next(number), child.shown, kind=child.kind) if isinstance(child, Opaque) else child

    return strip(joined(pieces(tree)))


@given(trees, st.randoms(use_true_random=False))
def test_any_text_comes_back(tree: Any, dice: random.Random) -> None:
    source = text_from(tree)
    if not shown(source):
        return
    opaque = [piece for piece in source if isinstance(piece, Opaque)]
    dice.shuffle(opaque)
    target = joined(next(iter_opaque) if isinstance(piece, Opaque) else piece
                    for iter_opaque in [iter(opaque)] for piece in source)  # fmt: skip
    [back] = xliff.read(xliff.write(sheet(Line("u", "u", source, target, state="translated")))).units
    for got, wanted in ((back.source, source), (back.target, target)):
        assert got == xliff.stripped(xliff.marks(wanted, source))
        fitted, unknown = xliff.fitted(got, source)
        assert unknown == []
        assert [p for p in fitted if not isinstance(p, str)] == [p for p in wanted if not isinstance(p, str)]


def test_tools_may_reflow_split_annotate_and_rewrite_codes() -> None:
    data = document(
        """<file id="f1" original="urn:x:1 v2"><skeleton/><group id="g"><unit id="u1" name="n">
        <segment id="1" state="final"><source>One <pc id="1">two</pc>.</source>
          <target>Uno
             <sc id="1"/><mrk id="m" type="comment">dos</mrk><ec startRef="1"/>.</target></segment>
        <ignorable><source> </source></ignorable>
        <segment id="2" state="reviewed"><source>Three.</source>
          <target>T<cp hex="0072"/>es<sm id="s"/>.</target></segment>
        </unit></group></file>"""
    )
    [back] = xliff.read(data).units
    assert back.source == ("One ", Mark("open", "1"), "two", Mark("close", "1"), ". Three.")
    assert back.target == ("Uno ", Mark("open", "1"), "dos", Mark("close", "1"), ". Tres.")
    assert back.state == "reviewed"


WHY = "'planta' is in no dictionary of the language"
DOUBTS = [(piece, WHY if piece == "planta" else "a name?" if isinstance(piece, Opaque) else None) for piece in TARGET]
MATCH = Match(83, (*SOURCE[:-1], " again."), (*TARGET[:-1], " de nuevo."), "urn:x:0 v1")


def test_doubts_are_marked_as_comments_and_the_text_stays_the_text() -> None:
    data = xliff.write(sheet(line(doubts=DOUBTS)))
    root: Any = etree.fromstring(data)
    found = root.xpath("//x:target//x:mrk", namespaces=X)
    assert [(mark.get("type"), mark.get("value")) for mark in found].count(("comment", WHY)) == 1
    assert ["".join(mark.itertext()) for mark in found if mark.get("value") == WHY] == ["planta"]
    assert root.xpath("//x:source//x:mrk", namespaces=X) == []
    ids = [element.get("id") for element in root.xpath("//x:target//*", namespaces=X)]
    assert len(ids) == len(set(ids))
    [plain], [marked] = xliff.read(xliff.write(sheet(line()))).units, xliff.read(data).units
    assert marked == plain
    assert xliff.fitted(marked.target, SOURCE) == (TARGET, [])


MARK = '<mrk id="m9" type="comment" value="why?">'


@pytest.mark.parametrize(
    "target",
    [
        "la planta nueva",  # the tool has thrown the marks away
        f"la {MARK}planta</mrk> nueva",
        f"{MARK}la {MARK.replace('m9', 'm8')}planta</mrk> nueva</mrk>",
        f"la {MARK}</mrk>planta nueva",  # an editor has written beside an empty mark
        f"la pl{MARK}an</mrk>ta nueva",
        'la <sm id="m9" type="comment" value="why?"/>planta<em startRef="m9"/> nueva',
        'la <sm id="m9" type="fanwire:doubt" value="&lt;b&gt;"/>planta nueva',
        f'la {MARK}plan<cp hex="0074"/>a</mrk> nueva',
        f"la {MARK.replace('comment', 'term')}planta</mrk>  nueva",
        '<mrk id="m1" translate="no">la planta</mrk> nueva',
    ],
)
def test_marks_never_reach_the_text_whatever_a_tool_makes_of_them(target: str) -> None:
    [back] = xliff.read(unit("the new plant", target)).units
    assert back.target == ("la planta nueva",)


def test_near_matches_are_candidates_of_the_module_and_no_units() -> None:
    notes = [("problem", "number 12 is missing")]
    data = xliff.write(sheet(line(matches=[MATCH, MATCH], doubts=DOUBTS, notes=notes)))
    root: Any = etree.fromstring(data)
    [element] = root.xpath("//x:unit", namespaces=X)
    assert [etree.QName(child).localname for child in element] == ["matches", "notes", "originalData", "segment"]
    found = root.xpath("//m:match", namespaces={"m": MATCHES})
    assert [(one.get("similarity"), one.get("type"), one.get("origin")) for one in found] == [
        ("83.0", "tm", "urn:x:0 v1")
    ] * 2
    assert len({one.get("id") for one in found}) == 2
    assert {one.get("ref") for one in found} == {f"#{root.xpath('//x:segment', namespaces=X)[0].get('id')}"}
    for one in found:
        assert [etree.QName(child).localname for child in one] == ["source", "target"]
        assert one.xpath(".//@dataRef | .//@dataRefStart") == []  # that of the unit is out of its reach
    [plain], [back] = xliff.read(xliff.write(sheet(line()))).units, xliff.read(data).units
    assert (back.source, back.target, back.stamp) == (plain.source, plain.target, plain.stamp)


def test_a_file_with_very_many_doubts_stays_in_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xliff, "MOST_MARKS", 12)
    lines = [Line(f"u{number}", "u", SOURCE, TARGET, codes=CODES, doubts=DOUBTS) for number in range(9)]
    root: Any = etree.fromstring(xliff.write(sheet(*lines)))
    assert len(root.xpath("//x:mrk", namespaces=X)) == 12
    assert len(root.xpath("//x:target", namespaces=X)) == 9


def test_a_unit_of_which_only_a_part_is_translated_is_not_translated() -> None:
    data = document(
        '<file id="f1"><unit id="u1"><segment><source>One.</source><target>Uno.</target></segment>'
        "<segment><source>Two.</source></segment></unit></file>"
    )
    assert xliff.read(data).units[0].target == ()


def test_codes_that_the_source_does_not_have_are_named() -> None:
    found, unknown = xliff.fitted(("a", Mark("opaque", "9"), Mark("open", "1"), Mark("opaque", "2")), SOURCE)
    assert unknown == ["9", "1", "2"]  # 1 is opaque in the source, and 2 is an element
    assert found == ("a",)


# --- strangers


def refused(data: bytes) -> str:
    with pytest.raises(DocumentRefused) as refusal:
        xliff.read(data)
    told = str(refusal.value)
    assert len(told) < 500
    return told


BILLION = (
    '<!DOCTYPE xliff [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    ) + "]>"
)  # fmt: skip


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (BILLION.encode() + unit("&j;"), "document type"),
        (b'<!DOCTYPE xliff [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + unit("&x;"), "document type"),
        (b'<!DOCTYPE xliff SYSTEM "http://127.0.0.1:9/x.dtd">' + unit("x"), "document type"),
        (b'<?xml version="1.0"?>\n<!-- x -->\n<!DOCTYPE xliff>' + unit("x"), "document type"),
        (("<!DOCTYPE xliff>" + unit("x").decode()).encode("utf-16"), "document type"),
        (unit("&x;"), "is not XML"),
        (unit("a\0b"), "is not XML"),
        (unit("a&#0;b"), "is not XML"),
        (b"", "is not XML"),
        (b"PK\x03\x04 not XML at all", "is not XML"),
        (unit("x")[:-9], "is not XML"),
        (b'<?xml version="1.0" encoding="utf-99"?>' + unit("x"), "is not XML"),
        (unit("\xff\xfe".encode("latin-1").decode("latin-1")).decode().encode("latin-1"), "is not XML"),
        (b"<html/>", "begins with <html>"),
        (b'<xliff version="2.1" srcLang="en"><file/></xliff>', "not 2.0, 2.1 or 2.2"),
        (b'<xliff xmlns="urn:oasis:names:tc:xliff:document:1.2" version="1.2"/>', "is XLIFF 1.2"),
        (document(""), "holds 0 <file> elements"),
        (document('<file id="1"/><file id="2"/>'), "holds 2 <file> elements"),
        (document('<file id="1"/>', attributes='version="2.1"'), "srcLang or trgLang"),
        (document('<file id="1"/>', attributes='version="2.1" srcLang="en" trgLang="../../etc"'), "srcLang or trgLang"),
        (unit("x", attributes=""), "a unit without an id"),
        (document('<file id="f"><unit id="a"/><unit id="a"/></file>'), "holds unit 'a' twice"),
        (unit("<b>x</b>"), "holds <b> within its text"),
        (unit('<cp hex="FFFFFFFFFF"/>'), "names no character"),
        (unit('<cp hex="x"/>'), "names no character"),
        (unit("<x:" * 1 + "y xmlns:x='urn:x'/>"), "holds <y> within its text"),
        (document('<file id="f"><unit id="a"><segment><source>' + "<pc id='1'>" * 5000), "is not XML"),
        (unit("<mrk id='1'>" * 400 + "</mrk>" * 400), "is not XML"),
    ],
)  # fmt: skip
def test_what_is_no_xliff_or_wants_harm_is_refused_in_words(data: bytes, told: str) -> None:
    assert told in refused(data)


def test_what_claims_to_be_huge_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "huge.xlf"
    with file.open("wb") as sparse:
        sparse.write(unit("x")[:20])
        sparse.truncate(100 * 1024 * 1024)
    with pytest.raises(DocumentRefused, match=r"is larger than 16,777,216 bytes"):
        xliff.read_file(file)
    with pytest.raises(DocumentRefused, match=r"is larger than"):
        xliff.read(b" " * (xliff.MAX_BYTES + 1))


def test_a_large_file_of_ours_is_read(tmp_path: Path) -> None:
    file = tmp_path / "large.xlf"
    lines = [Line(f"u{n}", f"u{n}", SOURCE, TARGET, state="translated", codes=CODES) for n in range(2000)]
    file.write_bytes(xliff.write(sheet(*lines)))
    assert len(xliff.read(xliff.read_file(file)).units) == 2000


def test_comments_and_instructions_are_left_out_and_foreign_modules_are_passed_over() -> None:
    data = document(
        '<file id="f1"><unit id="u1" xmlns:m="urn:oasis:names:tc:xliff:matches:2.0"><m:matches><m:match ref="#s">'
        "<source>Other</source><target>Otro</target></m:match></m:matches>"
        "<segment><source>O<!-- no -->ne</source><target>U<?php no ?>no</target></segment></unit></file>"
    )
    [back] = xliff.read(data).units
    assert (back.source, back.target) == (("One",), ("Uno",))


def test_nothing_of_it_is_ever_fetched() -> None:
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'
    data = document(f'<file id="f1" href="http://127.0.0.1:9/x"><skeleton href="file:///etc/passwd"/>{include}</file>')
    assert xliff.read(data).units == []
