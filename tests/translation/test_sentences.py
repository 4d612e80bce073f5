"""Where sentences end, and where an abbreviation only looks like it."""

# ruff: noqa: E501 - a table is easier to compare with a row on one line
from __future__ import annotations

import pytest

from tasks.model.languages import LanguageTag
from tasks.translation.pieces import Opaque, shown
from tasks.translation.segmentation.sentences import split


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The call is at 9 a.m. CET on Friday.| Please join."), ("en", "At 5 p.m.| The doors open."),
        ("en", "Ms. Lee said so.| Mr. Roe and Mx. Poe agreed with Prof. Dr. Smith."),
        ("en", "It costs approx. 5 euros.| No. 5 is best, see Art. 5, Fig. 3 and pp. 5–7."),
        ("en", "Acme Corp. Chairman Roe and Acme Ltd. Head Poe, e.g. Tom, i.e. Bob vs. Ann."),
        ("en", "J. R. Smith spoke in Washington, D.C. on Friday.| It was long."),
        ("en", "It is sold in the U.S. Government shop.| We know St. Mary."),
        ("en", "It starts Dec. 5 at 10 a.m. Eastern Time.| Fig. 3 shows it."), ("en", "We won.| Sales rose."),
        ("de", "Sie beginnt z. B. Montag, d. h. Morgen, u. a. in Berlin, vgl. Seite 5.| Das Ende."),
        ("de", "Das 3. Quartal, Nr. 5, Abs. 3, Art. 5, ca. 5 Mio. Euro, 3 Mrd. Dollar bzw. Franken.| Und Prof. Dr. Maier."),
        ("de", "Inkl. MwSt. beträgt er 5 Euro.| Er kam auf Platz 3.| Das Team feiert."),
        ("fr", "M. Dupont, MM. Roe et Mme. Lee, p. ex. à St. Malo en 50 av. J.-C. comme Dr. Roux.| Fin."),
        ("fr", "Le n° 5, art. 5, env. 5, pp. 5.| Le reste suit."),
        ("es", "El 14.º puesto y la 3.ª Edición, n.º 5, núm. 5, pág. 3, p. ej. Madrid, aprox. 5.| El Sr. Ruiz ganó."),
        ("es", "La Sra. Paz, D. Juan y la Dra. Gil de Acme S.A. Chile van a EE. UU. con Ud. a las 9 a. m. CET."),
        ("pt", "O Sr. Silva, a Sra. Dias, o Dr. Rui e a Eng. Rita, art. 5, n.º 5, pág. 3, p. ex. Porto.| O 14.º lugar."),
        ("pt", "A Acme Ltda. Brasil e a Acme S.A. Chile, aprox. 5, 3.ª Edição."),
        ("ja", "会社は新工場を開設した。|売上は増えた。"),
    ],
)  # fmt: skip
def test_a_sentence_ends_where_it_ends(language: str, text: str) -> None:
    whole = text.replace("|", "")
    found = [shown(part) for part in split((whole,), LanguageTag(language))]
    assert found == [part.strip() for part in text.split("|")]


def test_what_is_protected_counts_as_what_it_is() -> None:
    text = ("It costs approx. ", Opaque(1, "5 €", kind="amount"), ". No. ", Opaque(2, "5 €", kind="amount"), " too.")
    assert len(split(text, LanguageTag("en"))) == 2
    assert len(split(("So said Ms. ", Opaque(1, "Lee", kind="name"), ". She left."), LanguageTag("en"))) == 2
