"""A release, its correction and its kill, to 6,500 outlets over all transports and formats: what each of them has got.

The correction comes when half of the deliveries of the release have ended, and the kill when half of those of the
correction have. The farm's tally says what was doubled, stale, or came after the kill.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

SECONDS = 300.0
TIMES = {
    "DEADLINE": "8",
    "CONNECT_TIMEOUT": "3",
    "LEASE": "20",
    "RETRY_BASE": "1",
    "RETRY_HORIZON": "30",
    "TICK": "0.5",
}


def run(folder: Path, count: int) -> None:
    """Run it once, and print what came of it."""
    import outlets
    from demo import publish_feeds
    from farm import Farm
    from farm_manners import read_env_file

    from tasks.runtime.settings import settings
    from tests.support.processes import free_port
    from tests.support.stacks import running

    plan = json.loads(outlets.write(folder / "farm", count=count, transports="all").read_text())
    with Farm(plan, folder / "farm") as farm:
        secrets = read_env_file(farm.directory / "secrets.env")
        port = free_port()
        told = TIMES | {
            "ALLOWED_NETWORKS": "127.0.0.0/8", "SECRETS_FOLDER": str(farm.directory / "secrets"),
            "DELIVERY_FOLDERS": farm.where["folders"], "SMTP_URL": f"smtp://{farm.where['relay']}?tls=none",
            "SMTP_FROM": "Example Wire <wire@wire.example>", "WEB_PORT": str(port),
            "WEB_URL": f"http://127.0.0.1:{port}",
            **{name.removeprefix("FANWIRE_"): value for name, value in secrets.items()},
        }  # fmt: skip
        (folder / "home").mkdir()
        with running(folder / "home", farm, told) as stack:
            os.environ.update({name: value for name, value in stack.env.items() if name.startswith("FANWIRE_")})
            settings.cache_clear()
            publish_feeds(farm.where["control"])
            began = time.monotonic()
            release = _release()
            for version in (release, _corrected(release), _killed(release)):
                _submit(stack, version, folder)
                _wait(stack, release["uri"], 1.0 if version["version"] == 3 else 0.5)
            print(f"  {count:,} outlets: release, correction and kill in {time.monotonic() - began:.1f} s")
            _tell(farm, release["uri"], plan)


def _release() -> dict[str, Any]:
    from demo_release import release

    return json.loads(json.dumps(release(), default=str)) | {"version": 1}


def _corrected(release: dict[str, Any]) -> dict[str, Any]:
    return release | {"version": 2, "correction_note": "The year of the last plant was wrong."}


def _killed(release: dict[str, Any]) -> dict[str, Any]:
    kept = ("uri", "language", "headline", "issuer")
    told = {"version": 3, "status": "canceled", "correction_note": "The plants will not be built."}
    return {name: release[name] for name in kept if name in release} | told


def _submit(stack: Any, document: dict[str, Any], folder: Path) -> None:
    file = folder / f"release-{document['version']}.json"
    file.write_text(json.dumps(document))
    stack.run("submit", str(file))


def _wait(stack: Any, uri: str, share: float) -> None:
    """Wait until this share of the newest version's deliveries have ended; those that are held wait for people."""
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        states: dict[str, int] = json.loads(stack.run("status", uri, "--json"))["states"]
        left = states.get("due", 0) + states.get("claimed", 0)
        if sum(states.values()) and left <= (1 - share) * (sum(states.values()) - states.get("held", 0)):
            return
        time.sleep(0.2)
    raise TimeoutError(f"{uri}: {states}")


def _tell(farm: Any, uri: str, plan: dict[str, Any]) -> None:
    """Print what the ledger and the outlets say."""
    from farm_tally import FAULTS, accepted
    from sqlalchemy import select

    from tasks import ledger
    from tasks.ledger import counts, releases
    from tasks.ledger.schema import deliveries, renditions

    receipts = [receipt for receipt in farm.receipts(release=uri) if accepted(receipt)]
    killed = {receipt["outlet"] for receipt in receipts if receipt["action"] == "kill"}
    with ledger.read() as connection:
        for version in (1, 2, 3):
            row = releases.find(connection, uri, version)
            assert row is not None
            states = counts.total(counts.states(connection, row.id))
            unsure = counts.unknowable(connection, row.id)
            print(f"  version {version}: {dict(sorted(states.items()))}; of unknown outcome once: {len(unsure)}")
        query = select(deliveries.c.outlet_id).where(deliveries.c.version == 3, deliveries.c.state == "delivered")
        confirmed = set(connection.execute(query).scalars())
        built = Counter(connection.execute(select(renditions.c.attempt)).scalars())
    # A site or feed that never had a version has nothing to withdraw, and so nothing to receive.
    had = {receipt["outlet"] for receipt in receipts if receipt["action"] != "kill"}
    missing = sorted(outlet for outlet in confirmed & had if outlet not in killed)
    tally = farm.tally(uri)
    told = {name: len(tally[name]) for name in FAULTS if tally[name]}
    by_transport = Counter(plan[receipt["outlet"]].get("transport", "http") for receipt in receipts)
    print(f"  kills confirmed by {len(confirmed):,} outlets, received by {len(killed):,}")
    print(f"  missing: {len(missing)} {', '.join(missing[:5])}")
    print(f"  receipts by transport: {dict(by_transport.most_common())}")
    print(f"  faults that the outlets saw: {told or 'none'}")
    print(f"  renditions by how often they were begun: {dict(built)}")
