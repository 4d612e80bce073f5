"""The proof: what the ledger says of a release against what the farm's outlets received."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from urllib.request import ProxyHandler, build_opener

from farm_tally import FAULTS

from tasks.model.states import FINAL, State
from tasks.operations.report import Report

SHOWN = 10
"""This many reasons and outlets are listed on the screen; the report has all."""


@dataclass
class Proof:
    """What was compared and what does not fit. Outlets are named with their language: `id/de`."""

    receipts: int
    accepted: int
    missing: list[str] = field(default_factory=list)
    """Delivered by the ledger, but the outlet has no receipt; or still without a final state or reason."""
    unexplained: list[str] = field(default_factory=list)
    """Not delivered, and no reason is recorded."""
    faults: dict[str, int] = field(default_factory=dict)
    """What the outlets found wrong: doubled, stale, different bytes, a key that changed …"""
    repeated: int = 0
    """Accepted twice, with the same key, after an attempt whose outcome nobody could know (its worker was killed, the
    outlet broke off after it had read all). Not a fault: the other choice would have been to lose some."""
    unnoticed: list[str] = field(default_factory=list)
    """Accepted by the outlet although the ledger does not know it: an answer that never came back."""

    @property
    def sound(self) -> bool:
        """Whether everything fits."""
        return not (self.missing or self.unexplained or self.faults)

    def lines(self, found: Report, transports: Mapping[str, str]) -> list[str]:
        """The summary, as lines to print. `transports`: that of each outlet."""
        states = found.states
        delivered = states.get(State.DELIVERED, 0)
        told = [
            f"Ledger: {delivered:,} of {sum(states.values()):,} delivered"
            + "".join(f", {n:,} {state}" for state, n in sorted(states.items()) if state != State.DELIVERED),
            f"Farm:   {self.accepted:,} deliveries received ({self.receipts:,} attempts seen)",
        ]
        if found.after(1.0) is not None:
            told.append(f"Time:   half after {found.after(0.5):.1f} s, 95 % after {found.after(0.95):.1f} s, "
                        f"the last after {found.after(1.0):.1f} s")  # fmt: skip
        told += self._by_transport(found, transports)
        told.append(f"Doubled {self.faults.get('doubled', 0)} · missing {len(self.missing)} · "
                    f"without a reason {len(self.unexplained)}"
                    + (f" · repeated after an unknowable outcome {self.repeated}" if self.repeated else "")
                    + "".join(f" · {name} {n}" for name, n in self.faults.items() if name != "doubled"))  # fmt: skip
        reasons = found.reasons
        if reasons:
            told.append("Not delivered, and why:")
            told += [f"  {row['n']:>5}  {row['state']}: {row['code']}: {row['reason'][:90]}" for row in reasons[:SHOWN]]
        for name, who in (("missing", self.missing), ("without a reason", self.unexplained)):
            told += [f"  {name}: {outlet}" for outlet in who[:SHOWN]]
        return told

    def _by_transport(self, found: Report, transports: Mapping[str, str]) -> Iterator[str]:
        """A line for each transport, if there are several: what became of its deliveries, and when."""
        kinds = sorted(
            {transports.get(line.outlet, "http") for line in found.lines}, key=lambda kind: (kind != "http", kind)
        )
        if len(kinds) < 2 or found.first_due_at is None:
            return
        title = "Over:   "
        for kind in kinds:
            lines = [line for line in found.lines if transports.get(line.outlet, "http") == kind]
            times = sorted(line.ended_at for line in lines if line.state == State.DELIVERED and line.ended_at)
            told = f"{title}{kind:<10}{len(times):>6,} of {len(lines):>6,}"
            if times:
                half, last = (moment - found.first_due_at for moment in (times[(len(times) - 1) // 2], times[-1]))
                told += f"   half after {half:4.1f} s   the last after {last:4.1f} s"
            missing = sum(name.partition("/")[0] in {line.outlet for line in lines} for name in self.missing)
            yield told + (f"   missing {missing}" if missing else "")
            title = " " * len(title)


def compare(found: Report, control: str, unknowable: set[tuple[str, str]]) -> Proof:
    """Ask the farm at `control` what it received of the release, and compare.

    `unknowable`: outlet and language of deliveries that the ledger has an unsure attempt for.
    """
    tally = _get(f"{control}/tally?release={quote(found.release.uri, safe='')}")
    got = _accepted(control, found)
    proof = Proof(receipts=tally["receipts"], accepted=len(got))
    for line in found.lines:
        name = f"{line.outlet}/{line.language}"
        if line.state == State.DELIVERED:
            if name not in got:
                proof.missing.append(name)
        elif line.state not in FINAL and line.state != State.HELD:
            proof.missing.append(name)
        elif not line.reason:
            proof.unexplained.append(name)
        elif name in got:
            proof.unnoticed.append(name)
    faults = {name: tally[name] for name in FAULTS}
    explained = [entry for entry in faults["doubled"] if (entry["outlet"], entry["language"]) in unknowable]
    proof.repeated = len(explained)
    faults["doubled"] = [entry for entry in faults["doubled"] if entry not in explained]
    proof.faults = {name: len(entries) for name, entries in faults.items() if entries}
    return proof


def _accepted(control: str, found: Report) -> set[str]:
    """`outlet/language` of every receipt of this version that the outlet answered with 2xx."""
    address = f"{control}/receipts?release={quote(found.release.uri, safe='')}&version={found.release.version}"
    with build_opener(ProxyHandler({})).open(address) as answer:
        receipts = [json.loads(line) for line in answer.read().splitlines()]
    return {
        f"{receipt['outlet']}/{receipt['language']}"
        for receipt in receipts
        if receipt["answered"] and 200 <= receipt["answered"] < 300
    }


def _get(address: str) -> dict[str, Any]:
    with build_opener(ProxyHandler({})).open(address) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found
