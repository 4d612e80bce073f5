"""What a notice of refusals advises fits the outlet that it is about."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.delivery.refusing import what_to_do

URL = "https://a.example/wire"


@pytest.mark.parametrize(
    ("code", "document", "advice"),
    [
        ("http_401", {"url": URL, "auth": {"type": "bearer", "secret": "env:A"}}, "renew the secret that `auth` of"),
        ("http_403", {"url": URL, "auth": {"signing_secret": "env:A"}}, "renew the secret that `auth` of"),
        ("http_401", {"url": URL}, "it asks for credentials, and its document has no `auth`: add it"),
        ("http_403", {"url": URL, "auth": {"type": "none"}}, "it asks for credentials, and its document has no `auth`"),
        ("http_401", {}, "it asks for credentials, and its document has no `auth`"),
        ("http_407", {"url": URL}, "a proxy on the way asks for credentials"),
        ("redirect", {"url": URL}, "correct the `url` of its document"),
        ("http_404", {"url": URL}, "ask the outlet what it expects"),
    ],
)
def test_the_advice_fits_the_document(code: str, document: dict[str, Any], advice: str) -> None:
    assert what_to_do(code, document).startswith(advice)
