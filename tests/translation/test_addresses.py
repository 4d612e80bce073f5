"""Addresses in running text: what is protected is what the checks look for."""

from __future__ import annotations

import pytest

from tasks.translation.checks import problems_with
from tasks.translation.language_pair import LanguagePair
from tasks.translation.pieces import Opaque
from tasks.translation.protection import masking
from tasks.translation.protection.addresses import addresses_in, without_addresses

ADDRESSES = [
    "https://acme.example/news", "http://www.acme.example/a_b~c/?q=1&r=%C3%BC#top", "www.acme.example",
    "https://acme.example/list[2]/item", "https://acme.example/rate%", "http://intranet/news",
    "press@acme.example", "first.last+wire@mail.acme.example",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("sentence", ["See {} for more.", "({})", "See {}.", "{}, they said"])
def test_masks_and_checks_see_the_same_address(address: str, sentence: str) -> None:
    text = sentence.format(address)
    assert addresses_in(text) == [address]
    masked = masking.mask((text,), masking.rules_for(LanguagePair.of("en", "es")))
    assert [piece.shown for piece in masked if isinstance(piece, Opaque)] == [address]
    assert without_addresses(text) == sentence.format(" ")


@pytest.mark.parametrize("text", ["No address here.", "Up 5 @ 10", "e.g. this", "AT&T/www", "a://b", ""])
def test_other_words_are_no_address(text: str) -> None:
    assert addresses_in(text) == []
    assert without_addresses(text) == text


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_a_translation_loses_is_noticed(address: str) -> None:
    unit, result = (f"The report is at {address} for all readers.",), ("El informe está para todos los lectores.",)
    assert "url" in {problem.check for problem in problems_with(unit, result, LanguagePair.of("en", "es"))}
