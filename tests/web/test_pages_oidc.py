"""Signing in by an identity provider, and what is not believed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from joserfc.jwk import OctKey, RSAKey

from tasks.model.ranks import Rank
from tasks.runtime.errors import ConfigurationRefused
from tasks.runtime.settings import settings
from tests.support.identity_provider import CLIENT, SECRET, Provider, identity_provider
from tests.support.stepped_time import SteppedTime
from tests.support.threads import PATIENCE
from tests.support.visitor import Visitor
from workers.web.application import application
from workers.web.pages import oidc

pytestmark = pytest.mark.usefixtures("sqlite_ledger")
APP = application()


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    """One provider for all tests of this module: its key takes a while to make."""
    with identity_provider() as server:
        yield server


@pytest.fixture
def provider(running: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The provider, doing right, and a wire that believes it."""
    running.key, running.algorithm = running.own_key, "RS256"
    running.claims = {"preferred_username": "jane", "groups": ["wire-ops", "everybody"]}
    (tmp_path / "secret").write_text(SECRET + "\n")
    for name, value in {
        "OIDC_ISSUER": running.issuer, "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
        "OIDC_GROUPS": "operator=wire-ops, editor=desk, reader=staff", "WEB_URL": "http://wire.example",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()
    oidc.forget()
    return running


def sign_in(somebody: Visitor, target: str = "") -> Any:
    """Go to the provider and come back; the answer then."""
    away = somebody.get(f"/ops/oidc?next={target}")
    assert away.status_code == 303, away.text
    back = requests.get(away.headers["location"], allow_redirects=False, timeout=PATIENCE).headers["location"]
    return somebody.get(back.removeprefix("http://wire.example"))


def test_somebody_comes_back_with_the_rank_of_a_group(provider: Provider) -> None:
    somebody = Visitor(APP)
    assert "Sign in by 127.0.0.1" in somebody.get("/ops/login").text
    answer = sign_in(somebody, "/ops/releases?text=x")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ops/releases?text=x")
    page = somebody.get("/ops/releases").text
    assert "<strong>jane at 127.0.0.1</strong>" in page
    assert Rank.OPERATOR in page
    assert "fanwire-oidc" not in somebody.cookies


@pytest.mark.parametrize(
    ("groups", "rank"),
    [
        (["staff"], "reader"),
        (["staff", "desk"], "editor"),
        ("wire-ops", "operator"),
        ([], None),
        (None, None),
        ("ops", None),
    ],
)
def test_the_highest_rank_of_all_groups_counts(provider: Provider, groups: Any, rank: str | None) -> None:
    provider.claims["groups"] = groups
    somebody = Visitor(APP)
    answer = sign_in(somebody)
    if rank is None:
        assert answer.status_code == 403
        assert "in no group" in answer.text
        assert somebody.get("/ops/releases").status_code == 303
    else:
        assert f'<span class="quiet rank">{rank}</span>' in somebody.get("/ops/releases").text


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"}, {"nonce": None}, {"aud": "somebody-else"}, {"aud": None}, {"iss": "https://evil.example"},
        {"exp": 1}, {"exp": None}, {"sub": None}, {"azp": "somebody-else"}, {"iat": 2**40},
    ],
)  # fmt: skip
def test_an_identity_that_is_not_for_us_now_is_not_believed(provider: Provider, claims: dict[str, Any]) -> None:
    provider.claims |= claims
    somebody = Visitor(APP)
    assert sign_in(somebody).status_code == 403
    assert somebody.get("/ops/releases").status_code == 303


def test_an_identity_that_another_key_has_signed_is_not_believed(provider: Provider) -> None:
    other = RSAKey.generate_key(2048, parameters={"kid": "one"})
    for key, algorithm in ((other, "RS256"), (OctKey.generate_key(256, parameters={"kid": "one"}), "HS256")):
        provider.key, provider.algorithm = key, algorithm
        somebody = Visitor(APP)
        assert sign_in(somebody).status_code == 403
        assert somebody.get("/ops/releases").status_code == 303


def test_what_did_not_begin_in_this_browser_does_not_end_in_it(provider: Provider) -> None:
    thief, victim = Visitor(APP), Visitor(APP)
    away = thief.get("/ops/oidc")
    back = requests.get(away.headers["location"], allow_redirects=False, timeout=PATIENCE).headers["location"]
    path = back.removeprefix("http://wire.example")
    assert victim.get(path).status_code == 403, "it never asked"
    victim.get("/ops/oidc")
    assert victim.get(path).status_code == 403, "it asked with another state"
    assert thief.get(path.replace("state=", "state=x")).status_code == 403
    assert thief.get(path).status_code == 303
    assert thief.get(path).status_code == 403, "once"


def test_it_is_over_when_it_took_too_long(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    somebody = Visitor(APP)
    away = somebody.get("/ops/oidc")
    back = requests.get(away.headers["location"], allow_redirects=False, timeout=PATIENCE).headers["location"]
    monkeypatch.setattr(oidc, "time", SteppedTime(time.time() + oidc.ASKED_SECONDS + 1))
    assert somebody.get(back.removeprefix("http://wire.example")).status_code == 403


def test_a_provider_that_says_that_it_is_another_or_is_away(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANWIRE_OIDC_ISSUER", provider.issuer + "/")
    settings.cache_clear()
    assert Visitor(APP).get("/ops/oidc").status_code == 503
    monkeypatch.setenv("FANWIRE_OIDC_ISSUER", "http://127.0.0.1:9/realm")
    settings.cache_clear()
    oidc.forget()
    assert Visitor(APP).get("/ops/oidc").status_code == 503


def test_a_session_ends_with_the_provider(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    somebody = Visitor(APP)
    sign_in(somebody)
    monkeypatch.delenv("FANWIRE_OIDC_ISSUER")
    settings.cache_clear()
    assert somebody.get("/ops/releases").status_code == 303
    assert somebody.get("/ops/oidc").status_code == 404


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("OIDC_GROUPS", "admin=ops", "must name a group for each rank"),
        ("OIDC_GROUPS", "", "needs FANWIRE_OIDC_CLIENT_ID"),
        ("OIDC_ISSUER", "http://idp.example", "must be an address that begins with https://"),
        ("OIDC_CLIENT_ID", "", "needs FANWIRE_OIDC_CLIENT_ID"),
    ],
)  # fmt: skip
def test_a_provider_that_is_not_whole_is_refused(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"FANWIRE_{name}", value)
    settings.cache_clear()
    with pytest.raises(ConfigurationRefused, match=said):
        settings()
