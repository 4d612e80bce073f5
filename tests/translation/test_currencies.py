"""One table of currencies: what is written for the target is what two texts are compared by."""

from __future__ import annotations

import pytest

from tasks.translation.checks import problems_with
from tasks.translation.figures import amounts, currencies
from tasks.translation.figures.quantities import counted
from tasks.translation.figures.recogniser import exact_in
from tasks.translation.language_pair import LanguagePair


@pytest.mark.parametrize("sign", sorted(currencies.CODES))
@pytest.mark.parametrize("text", ["{} 25 million", "{}25 million"])
def test_each_sign_is_an_amount_to_write_and_a_unit_to_compare(sign: str, text: str) -> None:
    written = text.format(sign)
    [found] = exact_in(written, "en")
    assert (found.start, found.end, found.currency) == (0, len(written), currencies.CODES[sign])
    assert len(counted(written, "en").units) == 1


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("AUD 5 million", "5 millones de dólares australianos"),
        ("KRW 300 billion", "300.000 millones de wons surcoreanos"),
        ("INR 2 million", "2 millones de rupias indias"), ("NZ$3 million", "3 millones de dólares neozelandeses"),
    ],
)  # fmt: skip
def test_a_code_is_written_in_words_like_its_sign(text: str, written: str) -> None:
    assert list(amounts.amounts_written(text, "en", "es")) == [(0, len(text), written)]


def test_another_currency_is_noticed_whatever_sign_it_has() -> None:
    pair = LanguagePair.of("en", "es")
    unit = ("The plant in the north cost AUD 5 million last year.",)
    right = ("La planta del norte costó 5 millones de dólares el año pasado.",)
    wrong = ("La planta del norte costó 5 millones de euros el año pasado.",)
    assert problems_with(unit, right, pair) == []
    assert [problem.check for problem in problems_with(unit, wrong, pair)] == ["quantity"]
