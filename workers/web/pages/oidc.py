"""Signing in by an identity provider: OpenID Connect, the code flow with PKCE, state and nonce.

Who somebody is, the provider says; what they may do, the groups that it names, by FANWIRE_OIDC_GROUPS. What has to come
back with the browser is in a signed cookie of some minutes.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests.exceptions import RequestException
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tasks.model.ranks import Rank
from tasks.runtime import trust
from tasks.runtime.errors import ConfigurationRefused, Problem
from tasks.runtime.settings import Settings, settings
from workers.web.pages import queries, sessions, shell

log = structlog.get_logger()

BACK: Final = "/ops/oidc/back"
"""Where the provider sends people back to; it has to know this address, after FANWIRE_WEB_URL."""
ALGORITHMS: Final = ["RS256", "PS256", "ES256", "EdDSA"]
"""By which an identity may be signed: none by a key that this wire could have too."""
ASKED_SECONDS: Final = 600
"""For so long somebody may be at the provider."""
LEEWAY: Final = 60
"""Seconds by which the provider's clock may differ from ours."""
KEPT_SECONDS: Final = 600.0
"""For so long what the provider says of itself is believed."""
TIMEOUT: Final = 10.0


def routes() -> list[Route]:
    """The routes of signing in by the provider."""
    return [Route("/ops/oidc", leave), Route(BACK, come_back)]


def provider_name() -> str | None:
    """What the provider is called, by its host; None if there is none."""
    return urlsplit(settings().oidc_issuer or "").hostname


@shell.open_to_all
def leave(request: Request) -> Response:
    """Send somebody to the provider."""
    policy = _configured()
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    with _session(policy) as session:
        address, _ = session.create_authorization_url(
            _provider(policy)["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
        )
    response = RedirectResponse(address, 303)
    asked = {"state": state, "nonce": nonce, "verifier": verifier, "at": time.time()}
    asked["next"] = shell.own_address(request.query_params.get("next"))
    sessions.set_cookie(response, "oidc", sessions.signer("oidc").dump(asked), ASKED_SECONDS)
    return response


@shell.open_to_all
def come_back(request: Request) -> Response:
    """Begin a session for whom the provider has named."""
    policy = _configured()
    asked = sessions.signer("oidc").load(request.cookies.get(sessions.cookie_name("oidc"), ""))
    state = queries.text(request, "state")
    if not asked or time.time() - asked["at"] > ASKED_SECONDS or not hmac.compare_digest(
        state.encode(), asked["state"].encode()
    ):  # fmt: skip
        raise HTTPException(403, "this did not begin here, or too long ago: sign in again")
    claims = _claims(policy, request, asked)
    name, rank = _who(policy, claims)
    log.info("signed in", user=name, rank=rank.value, address=shell.client(request))
    response = RedirectResponse(asked["next"], 303)
    shell.begin(request, response, sessions.of_provider(name, rank, time.time()))
    sessions.set_cookie(response, "oidc", "", 0)
    return response


def _configured() -> Settings:
    if settings().oidc_issuer is None:
        raise HTTPException(404, "this wire has no identity provider: sign in with a password")
    return settings()


def _claims(policy: Settings, request: Request, asked: dict[str, Any]) -> dict[str, Any]:
    """What the provider says of somebody, verified. Raises HTTPException for whatever is wrong with it."""
    code, issuer = request.query_params.get("code", ""), request.query_params.get("iss", policy.oidc_issuer)
    if not code or issuer != policy.oidc_issuer:
        log.warning("the provider let nobody in", error=queries.text(request, "error"))
        raise HTTPException(403, "the identity provider let nobody in: sign in again, or ask whoever runs it")
    try:
        with _session(policy) as session:
            token = session.fetch_token(
                _provider(policy)["token_endpoint"], code=code, code_verifier=asked["verifier"], timeout=TIMEOUT,
                verify=str(trust.bundle()), allow_redirects=False,
            )  # fmt: skip
        return _verified(policy, str(token.get("id_token") or ""), asked["nonce"])
    except (AuthlibBaseError, JoseError, ValueError, RequestException) as error:
        log.warning("an identity was not believed", error=type(error).__name__)
        raise HTTPException(403, "what the identity provider says cannot be believed: its log says more") from None


def _verified(policy: Settings, text: str, nonce: str) -> dict[str, Any]:
    """The claims of an identity; raises JoseError unless the provider has signed it, for us, now, for this nonce."""
    token = jwt.decode(text, _keys(policy), algorithms=ALGORITHMS)
    claims: dict[str, Any] = dict(token.claims)
    registry = jwt.JWTClaimsRegistry(
        leeway=LEEWAY, now=int(time.time()),
        iss={"essential": True, "value": str(policy.oidc_issuer)},
        aud={"essential": True, "value": str(policy.oidc_client_id)},
        exp={"essential": True}, iat={"essential": True}, sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    )  # fmt: skip
    registry.validate(claims)
    if "azp" in claims and claims["azp"] != policy.oidc_client_id:
        raise ValueError("the identity was made for somebody else")
    return claims


def _who(policy: Settings, claims: dict[str, Any]) -> tuple[str, Rank]:
    """Name and rank. Raises HTTPException for somebody in none of the groups."""
    name = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])[:150]
    said = claims.get(policy.oidc_groups_claim) or ()
    groups = {said} if isinstance(said, str) else set(map(str, said))
    ranks = [rank for rank in reversed(Rank) if set(policy.oidc_groups.get(rank.value, ())) & groups]
    if not ranks:
        log.warning("signed in by the provider, but in no group", user=name)
        raise HTTPException(403, "you are in no group that may use this wire: ask whoever runs it")
    return f"{name} at {provider_name()}", ranks[0]


def _session(policy: Settings) -> Any:
    """A session of OAuth 2.0. It is told nothing by the environment, such as a proxy or somebody's `.netrc`."""
    secret = _secret(policy.oidc_client_secret_file)
    session = OAuth2Session(
        policy.oidc_client_id, secret, scope=policy.oidc_scope,
        redirect_uri=f"{policy.web_url}{BACK}", code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
    )  # fmt: skip
    session.trust_env = False
    return session


def _secret(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        problem = f"cannot be read: {type(error).__name__}"
        raise ConfigurationRefused([Problem("FANWIRE_OIDC_CLIENT_SECRET_FILE", problem)]) from None


_asking = threading.Lock()
_kept: dict[str, tuple[float, Any]] = {}
"""What was read from an address of the provider, and when."""


def forget() -> None:
    """Ask the provider anew for what it says of itself."""
    _kept.clear()


def _provider(policy: Settings) -> dict[str, Any]:
    """What the provider says of itself."""
    found = _read(policy, f"{str(policy.oidc_issuer).rstrip('/')}/.well-known/openid-configuration")
    if not isinstance(found, dict) or found.get("issuer") != policy.oidc_issuer:
        raise HTTPException(503, "the identity provider says that it is another one: see FANWIRE_OIDC_ISSUER")
    return found


def _keys(policy: Settings) -> KeySet:
    """The keys by which the provider signs."""
    return KeySet.import_key_set(_read(policy, _provider(policy)["jwks_uri"]))


def _read(policy: Settings, address: str) -> Any:
    with _asking:
        at, found = _kept.get(address, (0.0, None))
        if not at or time.monotonic() - at > KEPT_SECONDS:
            try:
                with _session(policy) as session:
                    answer = session.request(
                        "GET", address, withhold_token=True, timeout=TIMEOUT, verify=str(trust.bundle()),
                        allow_redirects=False,
                    )  # fmt: skip
                answer.raise_for_status()
                found = answer.json()
            except (RequestException, ValueError) as error:
                log.warning("the identity provider does not answer", error=type(error).__name__)
                raise HTTPException(503, "the identity provider does not answer; try again in a while") from None
            _kept[address] = (time.monotonic(), found)
        return found
