"""Which process of the stack sees which secret; `fanwire up` and `fanwire worker` take all others from its environment.

docker-compose.yml and deploy/helm give each container the same, and nothing more (tests/deploy compares them).
Processes of one user can still read each other's files; this keeps a secret from what a process hands on or shows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tasks.model.credentials import for_credential
from tasks.runtime.secrets import WEBHOOK_PREFIX
from tasks.runtime.settings import FILE, PREFIX, Settings, settings
from workers import with_parent
from workers.home import OWNER

WORKERS = frozenset({"intake", "translate", "format", "deliver"})
SEEN_BY: dict[str, frozenset[str]] = {
    "FANWIRE_BROKER_URL": WORKERS | {"flower", "web"},
    "FANWIRE_SHARED_STATE_URL": WORKERS | {"web"},
    "FANWIRE_LEDGER_URL": WORKERS | {"migrate", "web"},
    "FANWIRE_NOTICE_URL": WORKERS,  # the clock of any of them may be the one that has a notice posted
    "FANWIRE_FLOWER_PASSWORD": frozenset({"flower"}),
    "FANWIRE_WEB_KEY": frozenset({"format", "deliver", "web"}),  # those who sign addresses, and who checks them
    "FANWIRE_SEAL_KEY": WORKERS | {"web"},  # the clock of any of them seals, and the page makes reports
    "FANWIRE_METRICS_TOKEN": frozenset({"web"}),
    "FANWIRE_SMTP_URL": frozenset({"deliver"}),
    "FANWIRE_BOUNCES_URL": frozenset({"format"}),  # which reads them
    "FANWIRE_MEDIA_SECRET": frozenset({"format", "deliver", "web"}),  # those who keep files, send them, and serve them
    "FANWIRE_MODELS_INDEX_URL": frozenset(),  # for whoever types `fanwire engines fetch`
    "FANWIRE_MODELS_MIRROR_URL": frozenset(),
    "FANWIRE_PRODUCER_KEY": frozenset(),  # for whoever types `fanwire submit`
}
"""Each setting that is secret, and the processes that need it."""
_BESIDE_SETTINGS = frozenset({OWNER, with_parent.PARENT, PREFIX + "FLOWER_ADDRESS"})
_REFERENCE = re.compile(r"\benv:([A-Za-z_][A-Za-z0-9_]*)")


def seen_by(process: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What a process of the stack gets of an environment: all settings, and of secrets only its own.

    The worker `deliver` has the secrets of outlets, `format` those of webhooks, `intake` the keys that the producers
    file names, and `translate` whatever else there is: libraries of engines look for keys under names of their own.
    """
    policy = settings()
    others = _named_in(policy.producers)
    mine = others if process == "intake" else frozenset()
    return {
        name: value
        for name, value in environment.items()
        if _may_see(process, name, value, policy.secrets_prefix, mine, others)
    }


def _may_see(
    process: str, name: str, value: str, prefix: str, mine: frozenset[str], of_producers: frozenset[str]
) -> bool:
    if name in mine:
        return True
    if (secret := name.removesuffix(FILE)) in SEEN_BY:
        return process in SEEN_BY[secret]
    if name.startswith(prefix):
        return process == "deliver"
    if name.startswith(WEBHOOK_PREFIX):
        return process == "format"  # which tells producers
    if name.startswith(PREFIX):
        return name in _BESIDE_SETTINGS or name.removeprefix(PREFIX).lower() in Settings.model_fields
    if process == "translate":
        return name not in of_producers
    return name not in of_producers and not _holds_credential(name, value)


def _holds_credential(name: str, value: str) -> bool:
    """Whether a variable that is no setting looks like a secret of somebody's."""
    if for_credential(name.replace("_", "-")):
        return True
    try:
        return "://" in value and bool(urlsplit(value).password)
    except ValueError:
        return False


def _named_in(file: Path | None) -> frozenset[str]:
    """The variables that a file names as `env:NAME`; whether the file is right is not looked at here."""
    try:
        return frozenset(_REFERENCE.findall(file.read_text(errors="replace"))) if file else frozenset()
    except OSError:
        return frozenset()
