"""The tally: what the receipts of the farm say about the sender.

Words: a receipt is `accepted` when the outlet answered 2xx, `unanswered` when it read all and gave no (whole) answer,
and `pending` while it has yet to answer. An outlet has got a release when a receipt is accepted or unanswered.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

Receipt = dict[str, Any]
FAULTS = {
    "doubled": "an outlet accepted the same release, version and language more than once",
    "stale": "an outlet read an older version after it had got a newer one, in the same language",
    "after_kill": "an outlet read something else than the kill after it had got the kill of the release",
    "too_early": "an attempt came before the Retry-After of the one before was over",
    "different_bytes": "not all bodies of one release, version, language and format were the same",
    "key_changed": "attempts at one delivery did not all carry the same idempotency key",
    "key_shared": "one idempotency key stood on more than one delivery",
    "key_mismatch": "Idempotency-Key and webhook-id were absent or not equal",
    "nameless": "a header that names the release, version, language or action was absent",
    "wrong_language": "an outlet got a language that it does not take",
    "misplaced": "a request for one outlet came to the address of another, or of none",
    "followed": "a redirect was followed",
    "unauthorised": "credential or signature were not as agreed",
    "too_many_at_once": "more requests were open at an outlet than its limits.in_flight allows",
}
"""What a sender must never do, each a list in the tally."""
_FAULTS_OF_REQUESTS = ("key_mismatch", "nameless", "wrong_language", "misplaced", "followed", "unauthorised")
_NAMES = ("outlet", "release", "version", "language", "key", "time")


def accepted(receipt: Receipt) -> bool:
    return receipt["answered"] is not None and 200 <= receipt["answered"] < 300


def unanswered(receipt: Receipt) -> bool:
    return receipt["answered"] is None and receipt["outcome"] != "pending"


def tally(receipts: Iterable[Receipt], documents: dict[str, dict[str, Any]], peaks: dict[str, int]) -> dict[str, Any]:
    """Counts and faults of `receipts`, in the order of their arrival; `peaks`: most requests at once per outlet."""
    receipts = list(receipts)
    faults = {**dict.fromkeys(FAULTS), **_faults_of_deliveries(receipts), **_faults_of_requests(receipts, documents)}
    faults["different_bytes"] = _different_bytes(receipts)
    faults["key_shared"] = _shared_keys(receipts)
    faults["too_many_at_once"] = _too_many(documents, peaks)
    return {
        "receipts": len(receipts),
        "accepted": sum(map(accepted, receipts)),
        "unanswered": sum(map(unanswered, receipts)),
        "pending": sum(receipt["outcome"] == "pending" for receipt in receipts),
        "answers": Counter(str(receipt["answered"]) for receipt in receipts),
        "manners": Counter(str(receipt["manner"]) for receipt in receipts),
        "releases": _releases(receipts),
        "faultless": not any(faults.values()),
        **faults,
    }


def per_outlet(receipts: Iterable[Receipt]) -> list[dict[str, Any]]:
    """One row per release, version, language and outlet."""
    rows = []
    for key, group in _by(receipts, "release", "version", "language", "outlet").items():
        release, version, language, outlet = key
        rows.append(
            {
                "release": release,
                "version": version,
                "language": language,
                "outlet": outlet,
                "receipts": len(group),
                "accepted": sum(map(accepted, group)),
                "unanswered": sum(map(unanswered, group)),
                "answers": [receipt["answered"] for receipt in group],
            }
        )
    return rows


def _by(receipts: Iterable[Receipt], *fields: str) -> dict[tuple[Any, ...], list[Receipt]]:
    groups: dict[tuple[Any, ...], list[Receipt]] = defaultdict(list)
    for receipt in receipts:
        groups[tuple(receipt[field] for field in fields)].append(receipt)
    return groups


def _releases(receipts: list[Receipt]) -> dict[str, Any]:
    """{release: {version: {language: counts}}}; `outlets` accepted it, `got` counts also those that did not answer."""
    result: dict[str, Any] = defaultdict(lambda: defaultdict(dict))
    for (release, version, language), group in _by(receipts, "release", "version", "language").items():
        result[str(release)][str(version)][str(language)] = {
            "receipts": len(group),
            "accepted": sum(map(accepted, group)),
            "outlets": len({receipt["outlet"] for receipt in group if accepted(receipt)}),
            "got": len({receipt["outlet"] for receipt in group if accepted(receipt) or unanswered(receipt)}),
            "tried": len({receipt["outlet"] for receipt in group}),
            "answers": Counter(str(receipt["answered"]) for receipt in group),
            "actions": Counter(str(receipt["action"]) for receipt in group),
        }
    return result


def _faults_of_deliveries(receipts: list[Receipt]) -> dict[str, list[Any]]:
    """Faults that show in what an outlet got one after the other."""
    faults: dict[str, list[Any]] = {"doubled": [], "stale": [], "after_kill": [], "too_early": [], "key_changed": []}
    named = [receipt for receipt in receipts if not receipt["redirected"] and receipt["manner"] is not None]
    for (outlet, release, version, language), group in _by(named, "outlet", "release", "version", "language").items():
        what = {"outlet": outlet, "release": release, "version": version, "language": language}
        times = [receipt["time"] for receipt in group if accepted(receipt)]
        if len(times) > 1:
            faults["doubled"].append({**what, "times": times})
        early = [later["time"] for earlier, later in pairwise(group) if _too_early(earlier, later)]
        if early:
            faults["too_early"].append({**what, "times": early})
        keys = sorted({str(receipt["key"]) for receipt in group})
        if len(keys) > 1:
            faults["key_changed"].append({**what, "keys": keys})
    for (outlet, release, language), group in _by(named, "outlet", "release", "language").items():
        what = {"outlet": outlet, "release": release, "language": language}
        newest, killed = 0, False
        for receipt in group:
            version = receipt["version"] or 0
            if version < newest:
                faults["stale"].append({**what, "version": version, "after": newest, "time": receipt["time"]})
            if killed and receipt["action"] != "kill":
                faults["after_kill"].append({**what, "version": version, "time": receipt["time"]})
            if accepted(receipt) or unanswered(receipt):
                newest = max(newest, version)
                killed = killed or receipt["action"] == "kill"
    return faults


def _too_early(earlier: Receipt, later: Receipt) -> bool:
    wait = earlier["retry_after"]
    return isinstance(wait, int | float) and earlier["ended"] is not None and later["time"] < earlier["ended"] + wait


def _faults_of_requests(receipts: list[Receipt], documents: dict[str, dict[str, Any]]) -> dict[str, list[Any]]:
    """Faults that one request shows by itself."""
    found: dict[str, list[Any]] = defaultdict(list)
    for receipt in receipts:
        document = documents.get(receipt["outlet"])
        takes = document["languages"] if document else []
        for fault, holds in (
            ("key_mismatch", not receipt["key"] or receipt["key"] != receipt["webhook_id"]),
            ("nameless", None in (receipt["release"], receipt["version"], receipt["language"], receipt["action"])),
            ("wrong_language", document is not None and receipt["language"] not in (None, *takes)),
            ("misplaced", receipt["misplaced"]),
            ("followed", receipt["redirected"]),
            ("unauthorised", receipt["authorised"] is False),
        ):
            if holds:
                found[fault].append({name: receipt[name] for name in _NAMES})
    return {fault: found[fault] for fault in _FAULTS_OF_REQUESTS}


def _different_bytes(receipts: list[Receipt]) -> list[Any]:
    faults = []
    named = (receipt for receipt in receipts if receipt.get("format"))
    for (release, version, language, form), group in _by(named, "release", "version", "language", "format").items():
        digests = Counter(receipt["sha256"] for receipt in group)
        if len(digests) > 1:
            what = {"release": release, "version": version, "language": language, "format": form}
            faults.append({**what, "sha256": digests})
    return faults


def _shared_keys(receipts: list[Receipt]) -> list[Any]:
    faults = []
    for (key,), group in _by(receipts, "key").items():
        deliveries = {(r["outlet"], r["release"], r["version"], r["language"]) for r in group}
        if key and len(deliveries) > 1:
            faults.append({"key": key, "deliveries": sorted(map(list, deliveries), key=str)[:10]})
    return faults


def _too_many(documents: dict[str, dict[str, Any]], peaks: dict[str, int]) -> list[Any]:
    limits = {name: document.get("limits", {}).get("in_flight") for name, document in documents.items()}
    return [
        {"outlet": name, "at_once": peak, "limit": limits[name]}
        for name, peak in peaks.items()
        if limits.get(name) and peak > limits[name]
    ]
