"""Encrypted texts: only who has the secret reads them, and nobody changes them."""

from __future__ import annotations

import base64

import pytest

from tasks.runtime.encryption import decrypt, encrypt


@pytest.mark.parametrize("text", ["", "a", "token", "ü" * 3000, "\0\0"])
def test_sealed_and_read_again(text: str) -> None:
    encrypted = encrypt(text, "secret")
    assert encrypted.isascii()
    assert decrypt(encrypted, "secret") == text
    assert encrypt(text, "secret") != encrypted


@pytest.mark.parametrize("secret", ["Secret", "", "secret\udcff"])
def test_another_secret_opens_nothing(secret: str) -> None:
    assert decrypt(encrypt("token", "secret"), secret) is None
    assert decrypt(encrypt("token", secret), secret) == "token"


def test_a_changed_one_is_none() -> None:
    raw = base64.b64decode(encrypt("token", "secret"))
    for place in range(len(raw)):
        changed = bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]])
        assert decrypt(base64.b64encode(changed).decode(), "secret") is None


@pytest.mark.parametrize("encrypted", ["", "x", "token", "ü", base64.b64encode(b"short").decode(), "A" * 64])
def test_what_was_never_sealed(encrypted: str) -> None:
    assert decrypt(encrypted, "secret") is None
