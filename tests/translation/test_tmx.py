"""Files of approved translations: taken or refused row by row, found again by releases, and without loss both ways."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings

from tasks.model.documents import DocumentRefused
from tasks.model.release import Release
from tasks.translation.drafts import Resources
from tasks.translation.exchange import aligned_texts, notation, table, tmx
from tasks.translation.language_pair import LanguagePair
from tasks.translation.memory import entries, forms, packing
from tasks.translation.memory.entries import APPROVED
from tasks.translation.pieces import Close, Opaque, Open, shown
from tasks.translation.protection import masking
from tasks.translation.translate import draft

from .test_memory import units

TMX = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header creationtool="t" creationtoolversion="1" segtype="sentence" o-tmf="t" adminlang="en-US"
 srclang="en-US" datatype="plaintext"/><body>{}</body></tmx>"""


def unit(*variants: Any, more: str = "") -> Any:
    texts = "".join(f'<tuv xml:lang="{tag}"><seg>{text}</seg></tuv>' for tag, text in variants)
    return f"<tu{more}>{texts}</tu>"


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def one(*found: Any, text: str | None = None, name: str = "a.tmx") -> Any:
        file = tmp_path / name
        data = text if text is not None else TMX.format("\n".join(found))
        file.write_bytes(data if isinstance(data, bytes) else data.encode())
        return (tmx if name.endswith("tmx") else table).read_memory(file)

    return one


def words(found: Any) -> Any:
    return [(row.source_language, row.target_language, row.entry.source, row.entry.target) for row in found.rows]


# --- TMX


def test_a_unit_in_several_languages_is_an_entry_from_its_source_into_each(read: Any) -> None:
    found = read(unit(("en-US", "The sea."), ("es-ES", "El mar."), ("pt-PT", "O mar.")))
    assert not found.refused
    assert words(found) == [("en", "es", "The sea.", '["El mar."]'), ("en", "pt-PT", "The sea.", '["O mar."]')]
    assert {row.entry.maker for row in found.rows} == {APPROVED}


def test_without_a_source_language_each_is_one(read: Any) -> None:
    found = read(text=TMX.replace('"en-US" data', '"*all*" data').format(unit(("en", "The sea."), ("es", "El mar."))))
    assert [row[:3] for row in words(found)] == [("en", "es", "The sea."), ("es", "en", "El mar.")]


def test_inline_codes_are_elements(read: Any) -> None:
    english = (
        'See <bpt i="1" x="1">&lt;a&gt;</bpt>the <hi x="7">sea</hi><ept i="1">&lt;/a&gt;</ept><it pos="end">x</it>.'
    )
    spanish = 'Vea <bpt i="4" x="1">&lt;a&gt;</bpt>el <hi x="7">mar</hi><ept i="4">&lt;/a&gt;</ept>.'
    (row,) = read(unit(("en", english), ("es", spanish))).rows
    assert row.entry.source == "See <1>the <2>sea</2></1>."
    later = ("See ", Open(3), "the ", Open(4), "sea", Close(4), Close(3), ".")
    assert packing.unpack(row.entry.target, later) == (
        "Vea ", Open(3), "el ", Open(4), "mar", Close(4), Close(3), ".",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (unit(("en", "The sea.")), "has texts in 1 languages"),
        (unit(("en", "The sea."), ("es", "")), "en→es: target is empty"),
        (unit(("en", "The sea."), ("es", "El \u202emar.")), "target has U+202E"),
        (unit(("en", "The sea."), ("es", "El mar."), ("es-ES", "El mar.")), "has two texts in es"),
        (unit(("en", "The sea."), ("xx-qq", "?")), "xml:lang: 'xx-qq' is not a language tag"),
        (unit(("de", "Das Meer."), ("es", "El mar.")), "has no text in en"),
        (unit(("en", "A <ph x='1'>{0}</ph> sea."), ("es", "El mar.")), "a placeholder <ph> that stands for something"),
        (unit(("en", "A <hi>sea</hi>."), ("es", "El mar.")), "en→es: target: inline element"),
        (unit(("en", "A sea</seg></tuv><tuv xml:lang='fr'><seg>B<ut>x</ut>"), ("es", "C")), "inline code <ut>"),
        (unit(("en", "A sea<ept i='1'/>"), ("es", "C")), "an <ept> without its <bpt>"),
        (unit(("en", "1 2"), ("es", "1 2")), "has no letters"),
        (unit(("en", "a" * 20_001), ("es", "b")), "longer than 20,000 characters"),
        (unit(("en", "A&nbsp;sea."), ("es", "El mar.")), "has an entity in it"),
        ("<tu><tuv><seg>x</seg></tuv></tu>", "says no xml:lang"),
        ("<tu><tuv xml:lang='en'/></tu>", "has no <seg>"),
    ],
)
def test_a_bad_unit_is_refused_with_its_line_and_the_others_are_read(read: Any, bad: Any, reason: str) -> None:
    found = read(unit(("en", "The sea."), ("es", "El mar.")), bad, unit(("en", "The land."), ("es", "La tierra.")))
    assert [row.entry.source for row in found.rows] == ["The sea.", "The land."]
    ((where, why),) = found.refused
    assert where == "line 5"
    assert reason in why


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<tmx><body>", "is not XML: line 1"),
        ("", "is not XML"),
        ("<html/>", "is no TMX: it begins with <html>"),
        ('<!DOCTYPE tmx [<!ENTITY a "b">]><tmx/>', "declares entities"),
        ('<!DOCTYPE tmx [<!ENTITY a SYSTEM "file:///etc/passwd">]><tmx><body><tu/></body></tmx>', "declares entities"),
        ('<!DOCTYPE tmx [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x">%a;]><tmx/>', "declares entities"),
    ],
)
def test_a_file_that_is_no_tmx_or_declares_entities_is_refused(read: Any, text: str, reason: str) -> None:
    with pytest.raises(DocumentRefused, match=reason):
        read(text=text)


def test_utf_16_and_a_byte_order_mark_are_read(read: Any) -> None:
    text = TMX.replace("UTF-8", "UTF-16").format(unit(("en", "The sea."), ("ja", "海。")))
    assert words(read(text=text.encode("utf-16")))[0][3] == '["海。"]'


# --- CSV

HEADER = "source,target,source_language,target_language\n"


def test_csv_rows_are_taken_or_refused_with_line_and_reason(read: Any) -> None:
    found = read(
        name="a.csv",
        text="\ufeff" + HEADER + 'The sea.,El mar.,en,es\n,x,en,es\nThe sea.,El mar.,en\n"A, b.",x,en,es,more\n'
        "The sea.,El mar.,en,zz\nThe sea.,The sea.,en,en-US\n\n\"Two\nlines {1} <b>\",\"Dos\nlíneas\",en,es\n",
    )  # fmt: skip
    assert [row.entry.source for row in found.rows] == ["The sea.", "Two lines {{1} {<}b>"]
    assert [(where, why.split(" ")[0]) for where, why in found.refused] == [
        ("line 3", "source"), ("line 4", "target_language"), ("line 5", "has"), ("line 6", "target_language:"),
        ("line 7", "source_language"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [("source,target\nx,y\n", "source_language: is no column"), (HEADER.strip() + ",x\n", "x: is not a known column"),
     (HEADER + '"x', "cannot be read"), (b"\xff\xfe", "is not UTF-8"), ("", "source: is no column")],
)  # fmt: skip
def test_a_csv_file_that_cannot_be_read_is_refused(read: Any, text: Any, reason: str) -> None:
    with pytest.raises(DocumentRefused, match=reason):
        read(name="a.csv", text=text)


# --- two plain texts


def found_by(release_text: Any, entry: Any, source: str = "en", target: str = "es") -> Any:
    """What a unit of a release makes of an entry."""
    release = Release.model_validate(
        {"uri": "urn:x", "language": "en", "headline": "x", "body_html": "<p>x</p>", "issuer": {"name": "Acme AG"}}
    )
    rules = masking.rules_for(LanguagePair.of(source, target), release, release_text)
    text = masking.mask((release_text,), rules)
    found = (
        packing.unpack(entry.target, text) if entry.key in forms.keys(text, LanguagePair.of(source, target)) else None
    )
    return found and shown(found)


@pytest.mark.parametrize(
    ("source", "target", "later", "written"),
    [
        ("Acme AG earned €3.2 billion.", "Acme AG ganó 3200 millones de euros.",
         "Acme AG earned €1.5 million.", "Acme AG ganó 1,5 millones de euros."),
        ("It earned €1,200 million and €5.", "Ganó 5 € y 1200 millones de euros.",
         "It earned €7 million and €8.", "Ganó 8 € y 7 millones de euros."),
        ("See https://a.example/x or a@b.example.", "Vea a@b.example o https://a.example/x.",
         "See https://c.example or d@e.example.", "Vea d@e.example o https://c.example."),
        ("It opens March 5, 2026.", "Abre el 5 de marzo de 2026.",
         "It opens May 7, 2027.", "Abre el 7 de mayo de 2027."),
        ("It opens on March 5, 2026.", "Abre el 5 de marzo de 2026.",
         "It opens on May 7, 2027.", "Abre el 7 de mayo de 2027."),
        ("From €1 to €1.5 million in Q3 2024", "De 1 € a 1,5 millones de euros en el T3 de 2024",
         "From €1 to €1.5 million in Q3 2025", "De 1 a 1,5 millones de euros en el T3 de 2025"),
    ],
)  # fmt: skip
def test_figures_and_addresses_are_aligned_by_value(source: str, target: str, later: str, written: str) -> None:
    entry = aligned_texts.entry(source, target, LanguagePair.of("en", "es"))
    assert found_by(source, entry).replace("\u00a0", " ") in (target, target.replace("De 1 €", "De 1"))
    if "€1 to" not in source:
        assert found_by(later, entry).replace("\u00a0", " ") == written


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("It cost $5 million.", "Costó un dineral."),
        ("It cost $5 million.", "Costó 6 millones de dólares."),
        ("It opens on March 5.", "Abre a primeros de mes."),
        ("See https://a.example/x.", "Véase la página."),
        ("It cost €5 and €6.", "Costó 5 €."),
        ("Sales were €5 and profit €5.", "El beneficio fue de 5 € y las ventas de 5 €."),  # which is which?
        ("Sales rose by €5.", "Las ventas crecieron 5 €, más de 5 € en total."),
        ("Sales rose by €5.", "Las ventas crecieron 5 € (unos 5,80 dólares)."),
    ],
)
def test_what_cannot_be_aligned_is_good_for_the_very_same_sentence(source: str, target: str) -> None:
    entry = aligned_texts.entry(source, target, LanguagePair.of("en", "es"))
    assert entry.source == source
    assert found_by(source, entry).replace("\u00a0", " ") == target
    assert found_by(source.replace("5", "7").replace("/x", "/y"), entry) is None


def test_an_imported_paragraph_is_found_by_a_release(make_release: Callable[..., Release]) -> None:
    entry = aligned_texts.entry(
        "The sea is wide. It cost €5 million.",
        "Ancho es el mar. Costó 5 millones de euros.",
        LanguagePair.of("en", "es"),
    )

    class Kept:
        def recall(self, keys: Any, maker: Any) -> Any:
            return {entry.key: entry.target} if maker == APPROVED and entry.key in keys else {}

    body = "<p>The sea is wide. It cost €7 million.</p>"
    release = make_release(headline="—", subheadline=None, body_html=body)
    made = draft(release, "es", Resources([], Kept())).translation
    assert made.body_html == "<p>Ancho es el mar. Costó 7 millones de euros.</p>"
    assert (made.engine, made.status) == ("memory", "approved")


# --- both ways


def rows(*entries: Any) -> Any:
    return [
        SimpleNamespace(**vars(entry), source_language="en", target_language="es", origin="a file", kept_at=1.6e9)
        for entry in entries
    ]


def again(path: Any, entries: Any) -> Any:
    if path.suffix == ".tmx":
        with path.open("wb") as file:
            count, unfit = tmx.write_memory(file, rows(*entries), "1")
        found = tmx.read_memory(path)
    else:
        with path.open("w", encoding="utf-8", newline="") as text:
            count, unfit = table.write_memory(text, rows(*entries))
        found = table.read_memory(path)
    assert (count, unfit, found.refused) == (len(entries), 0, [])
    return [row.entry for row in found.rows]


TERM = Opaque(9, "central", kind="term", said="plant")
AMOUNT, OTHER = (Opaque(id, f"{id} €", kind="amount", said=f"€{id}") for id in (5, 6))
KEPT = [
    (("The sea.",), ("El mar.",)),
    (("In 2024 {<1>} & “x” <b>",), ("En 2024 {<1>} {{ & \u00a0«x»\n<b> {amount} {year:2}",)),
    (("From 2023 to 2024",), ("De 2024 a 2023",)),
    (("In 2024 and 2024",), ("En 2024",)),
    (("From ", AMOUNT, " to ", OTHER), ("A ", OTHER, " de ", AMOUNT)),
    (("For ", AMOUNT, " in 2024"), ("Por mucho en 2024",)),
    (("See ", Open(3), "it ", Open(8), "x", Close(8), Close(3)), (Open(8), "ya", Close(8), Open(3), "eso", Close(3))),
    (("Image ", Opaque(1, "", kind="image"), " here"), ("Aquí ", Opaque(1, "", kind="image"))),
    (("The ", TERM, " is open"), ("La ", TERM, " abrió")),
]  # fmt: skip


@pytest.mark.parametrize("name", ["a.tmx", "a.csv"])
@pytest.mark.parametrize("maker", [APPROVED, "stub 1"])
def test_an_export_gives_the_same_entries_again(tmp_path: Path, name: str, maker: Any) -> None:
    kept = [entries.entry(unit, result, LanguagePair.of("en", "es"), maker) for unit, result in KEPT]
    assert again(tmp_path / name, kept) == kept


@settings(max_examples=100)
@given(units())
def test_any_entry_can_be_written_and_read(three: Any) -> None:
    unit, result, _ = three
    kept = entries.entry(unit, result, LanguagePair.of("en", "es"), APPROVED)
    found = notation.texts_of(kept.source, kept.target)
    assert found is not None
    unit, result = (notation.read(notation.write(text)) for text in found[:2])
    assert notation.entry(unit, result, LanguagePair.of("en", "es"), APPROVED, literally=found[2]) == kept


def test_a_damaged_entry_and_one_that_xml_cannot_hold_are_left_out() -> None:
    good = entries.entry(("The sea.",), ("El mar.",), LanguagePair.of("en", "es"), APPROVED)
    bell = entries.entry(("The bell.",), ("\a",), LanguagePair.of("en", "es"), APPROVED)
    damaged = SimpleNamespace(**vars(rows(good)[0]) | {"target": '[["piece",4]]'})
    assert tmx.write_memory(io.BytesIO(), [*rows(good, bell), damaged], "1") == (1, 2)
    assert table.write_memory(io.StringIO(), [*rows(good, bell), damaged]) == (2, 1)


@pytest.mark.parametrize(("kept_at", "said"), [(1.6e9, b' creationdate="20200913T122640Z"'), (0.0, b"")])
def test_a_moment_that_is_not_known_is_left_out(kept_at: float, said: bytes) -> None:
    [row] = rows(entries.entry(("The sea.",), ("El mar.",), LanguagePair.of("en", "es"), APPROVED))
    file = io.BytesIO()
    tmx.write_memory(file, [SimpleNamespace(**vars(row) | {"kept_at": kept_at})], "1")
    assert b'creationid="people"' + said + b">" in file.getvalue()
