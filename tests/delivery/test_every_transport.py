"""One release over every transport and format at once, corrected and then killed: each outlet gets all three, in order,
once. The farm plays all the outlets, over the real protocols."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from farm import Farm
from farm_tally import FAULTS
from farm_transports import CERTIFICATE, SECRET, TRANSPORTS, fitting
from outlets import ALL_FORMATS, KNOWN_MANNERS
from sqlalchemy import select

from tasks import ledger, planning
from tasks.building.renditions import build_renditions
from tasks.delivery import payloads
from tasks.ledger import counts, feed_rows, outlets, releases
from tasks.ledger.schema import renditions
from tasks.model.outlet import read_outlet
from tasks.model.release import Release
from tasks.runtime import secrets
from tasks.runtime.settings import settings
from tests.support.drains import drain
from tests.support.processes import until
from tests.support.samples import URI, release
from workers.offered import offered

pytest.importorskip("OpenSSL", reason="pyOpenSSL is missing, without which there is no FTPS server")
EACH = 4
"""Outlets of each transport; the second of each that can be is away at first."""
PASSWORD = "Fotheringay-Passwort"
FORMATS = list(ALL_FORMATS)


def plan() -> dict[str, dict[str, Any]]:
    """The outlets of the farm, by name: the transport and a number."""
    found = {}
    for number, (transport, n) in enumerate((transport, n) for transport in TRANSPORTS for n in range(EACH)):
        document = fitting(transport, {"format": FORMATS[number % len(FORMATS)]})
        away = n == 1 and transport in (*KNOWN_MANNERS, "http", "put", "multipart", "mtls")
        found[f"{transport}-{n}"] = {
            "transport": transport, "outlet": document, "tls": n % 2 == 0 or transport == "mtls",
            "manner": "unavailable" if away else "fast",
        }  # fmt: skip
    return found


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    folder = tmp_path_factory.mktemp("farm")
    (folder / "secrets.env").write_text(f"{SECRET}={PASSWORD}\n")
    with Farm(plan(), folder) as farm:
        yield farm


@pytest.fixture
def wire(farm: Farm, monkeypatch: pytest.MonkeyPatch, sqlite_ledger: None) -> Iterator[None]:
    """A wire with all outlets of the farm."""
    told = {
        "CA_FILE": farm.where["ca"], "ALLOWED_NETWORKS": "127.0.0.0/8", "RETRY_BASE": "0.2", "RETRY_CAP": "1",
        "DELIVERY_FOLDERS": farm.where["folders"], "SMTP_URL": f"smtp://{farm.where['relay']}?tls=none",
        "SMTP_FROM": "Example Wire <wire@wire.example>", "SECRETS_FOLDER": str(farm.directory / "secrets"),
    }  # fmt: skip
    for name, value in told.items():
        monkeypatch.setenv(f"FANWIRE_{name}", value)
    monkeypatch.setenv(SECRET, PASSWORD)
    settings.cache_clear()
    payloads.forget_renditions()
    secrets.forget()
    assert (farm.directory / "secrets" / CERTIFICATE).exists()
    with ledger.write() as connection:
        documents = [read_outlet(document, offered()) for document in farm.outlets.values()]
        outlets.put(connection, documents, time.time())
    yield
    payloads.forget_renditions()


def deliver(farm: Farm, document: Release) -> int:
    """Take a release in, and deliver it to the last outlet; its number."""
    with ledger.write() as connection:
        number = releases.take(connection, document, time.time()).release_id
    planning.plan(number, time.time())
    build_renditions(number, "en")

    def over() -> bool:
        drain()
        with ledger.read() as connection:
            return not counts.unfinished(connection, number)

    until(over, lambda: states(number))
    farm.health()  # it looks into the folders, in which the next version may take the place of this one
    return number


def states(number: int) -> dict[str, int]:
    with ledger.read() as connection:
        return counts.total(counts.states(connection, number))


@pytest.mark.usefixtures("wire")
def test_each_outlet_gets_the_release_its_correction_and_its_kill_once_and_in_order(farm: Farm) -> None:
    everyone = len(TRANSPORTS) * EACH
    corrected = '<p>Acme said on Tuesday that <a href="https://acme.example/porto">the plant</a> opens in May.</p>'
    numbers = [
        deliver(farm, release()),
        deliver(farm, release(version=2, body_html=corrected, correction_note="The plant opens in May.")),
        deliver(farm, release(version=3, status="canceled", correction_note="The plant was sold.")),
    ]
    assert [states(number) for number in numbers] == [{"delivered": everyone}] * 3

    got: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for receipt in farm.receipts(release=URI):
        if receipt["answered"] == 200 or receipt["answered"] == 201:
            got[receipt["outlet"]].append((receipt["version"], receipt["action"]))
    wanted = [(1, "publish"), (2, "correct"), (3, "kill")]
    fetched = {f"pull-{n}" for n in range(EACH)}
    assert {name: seen for name, seen in got.items() if seen != wanted} == {}
    assert got.keys() | fetched == plan().keys()
    tally = farm.tally(URI)
    assert {name: tally[name] for name in FAULTS if tally[name]} == {}
    assert tally["answers"]["503"] >= 5  # those that were away
    with ledger.read() as connection:
        shown = {name: feed_rows.newest(connection, name, 10) for name in fetched}
        built = connection.execute(select(renditions.c.format, renditions.c.attempt)).all()
    assert {name: [row.killed for row in found] for name, found in shown.items()} == {name: [True] for name in fetched}
    assert Counter(built) == {(form, 1): 3 for form in {entry["outlet"]["format"] for entry in plan().values()}}
