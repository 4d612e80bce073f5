"""The packages that CONTRIBUTING shows, installed from there: what they add works, and needs no other change."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tasks.delivery.transports import by_scheme
from tasks.formatting import FORMATS
from tasks.runtime.settings import settings
from tests.support import packages
from tests.support.renditions import one_of, words

from .documents import block

FORMAT, TRANSPORT = "### A format of your own", "### A transport of your own"
LANGUAGE = "### A language of your own"
CLI = ("-m", "workers.cli")


def points(heading: str) -> tuple[str, dict[str, dict[str, str]]]:
    """Name and entry points of the package that is shown after a heading."""
    project = tomllib.loads(block("CONTRIBUTING.md", "toml", heading))["project"]
    return project["name"], project["entry-points"]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with all three packages."""
    folder = tmp_path / "site"
    for heading, module in ((FORMAT, "fanwire_ticker"), (TRANSPORT, "fanwire_webdav")):
        name, entries = points(heading)
        packages.install(folder, name, {f"{module}.py": block("CONTRIBUTING.md", "python", heading)}, entries)
    name, entries = points(LANGUAGE)
    data = {"fanwire_italian/__init__.py": "", "fanwire_italian/it.yaml": block("CONTRIBUTING.md", "yaml", LANGUAGE)}
    packages.install(folder, name, data, entries)
    return folder


@pytest.fixture
def home(sqlite_ledger: None) -> Path:
    """A home with an empty ledger, as `fanwire migrate` would leave it."""
    return settings().home


@dataclass
class Folder:
    """A server that takes files: what it got, as (method, path, content type, body)."""

    address: str = ""
    got: list[tuple[str, str, str | None, str]] = field(default_factory=list)


@pytest.fixture
def folder() -> Iterator[Folder]:
    found = Folder()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.do_PUT()

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found.got.append((self.command, self.path, self.headers["Content-Type"], body))
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.address = f"127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


RELEASE = {
    "uri": "urn:newsml:acme.example:20261101:porto",
    "language": "en",
    "headline": "Acme opens a plant",
    "body_html": "<p>Acme said that <q>the plant</q> is open.</p>",
    "dateline": {"place": "Porto", "date": "2026-11-01"},
    "topics": ["04000000"],
    "translations": {"it": {"headline": "Acme apre uno stabilimento", "body_html": "<p>Acme ha detto: <q>sì</q>.</p>"}},
}
DELIVER = f"""
from tasks import ledger, planning
from tasks.building.renditions import build_renditions
from tasks.building.translations import build_translation
from tasks.ledger import releases
from tasks.model.readers import read_release
from tests.support.drains import drain

with ledger.write() as connection:
    taken = releases.take(connection, read_release({RELEASE!r}), ledger.now(connection))
planned = planning.plan(taken.release_id)
for language in planned.to_translate:
    build_translation(taken.release_id, language)
print(build_renditions(taken.release_id, "it"))
print(drain())
"""


def test_a_format_and_a_transport_of_packages_take_a_release_to_an_outlet(
    site: Path, home: Path, tmp_path: Path, folder: Folder
) -> None:
    outlet = {"id": "agenzia", "name": "Agenzia", "country": "IT", "languages": ["it"], "format": "ticker"}
    document = tmp_path / "outlets.json"
    document.write_text(json.dumps([outlet | {"url": f"dav://{folder.address}/inbox/"}]))
    packages.run(site, home, *CLI, "outlets", "import", str(document))
    packages.run(site, home, "-c", DELIVER, ALLOWED_NETWORKS="127.0.0.0/8")
    [(method, path, content_type, body)] = folder.got
    assert (method, content_type) == ("PUT", "text/plain; charset=utf-8")
    assert path.startswith("/inbox/fw_")
    assert body == "Porto, 1º novembre 2026 (Fanwire) – Acme apre uno stabilimento\n"
    status = json.loads(packages.run(site, home, *CLI, "status", str(RELEASE["uri"]), "--json"))
    assert status["states"] == {"delivered": 1}


def test_an_outlet_is_checked_against_what_is_installed(site: Path, home: Path, tmp_path: Path) -> None:
    rows = [{"format": "fax"}, {"url": "gopher://a.example/"}, {"url": "dav:///inbox"}, {"format": "ticker"}]
    usual = {"name": "A", "country": "IT", "languages": ["it"], "url": "davs://a.example/inbox"}
    document = tmp_path / "outlets.json"
    document.write_text(json.dumps([usual | {"id": f"o-{n}"} | row for n, row in enumerate(rows)]))
    told = packages.run(site, home, *CLI, "outlets", "import", str(document), "--json", status=1)
    assert [problem["problem"] for problem in json.loads(told)["problems"]] == [
        f"must be {one_of('ticker')}, not 'fax'",
        f"begins with 'gopher'; Fanwire delivers over {', '.join(sorted([*by_scheme(), 'dav', 'davs']))}",
        "has no host",
    ]
    schema = json.loads(packages.run(site, home, *CLI, "schema", "outlet"))
    assert schema["properties"]["format"]["enum"] == sorted([*FORMATS.all(), "ticker"])
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    told = packages.run(nowhere, home, *CLI, "outlets", "import", str(document), "--json", status=1)
    assert f"Fanwire delivers over {', '.join(sorted(by_scheme()))}" in told
    assert "not 'ticker'" in told


def test_an_outlet_whose_packages_are_gone_waits_with_the_reason_and_stops_no_other(
    site: Path, home: Path, tmp_path: Path, folder: Folder
) -> None:
    usual = {"name": "A", "country": "IT", "languages": ["en"], "format": "text"}
    http, dav = (f"{scheme}://{folder.address}/inbox/" for scheme in ("http", "dav"))
    outlets = [usual | {"id": "ticker", "url": http, "format": "ticker"}, usual | {"id": "webdav", "url": dav}]
    document = tmp_path / "outlets.json"
    document.write_text(json.dumps([*outlets, usual | {"id": "plain", "url": http}]))
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    packages.run(site, home, *CLI, "outlets", "import", str(document))
    packages.run(nowhere, home, "-c", DELIVER.replace('"it"', '"en"'), ALLOWED_NETWORKS="127.0.0.0/8")
    assert [method for method, *_ in folder.got] == ["POST"]
    report = tmp_path / "report.json"
    packages.run(nowhere, home, *CLI, "report", str(RELEASE["uri"]), "--format", "json", "--output", str(report))
    assert "there is no format 'ticker'" in report.read_text()
    assert "no transport for 'dav'" in report.read_text()


FAILING = """
from tasks.formatting import Format


def make(article):
    raise RuntimeError("no ink left")


FORMAT = Format(content_type="text/plain", make=make)
"""


def test_a_format_that_fails_holds_its_own_deliveries_with_the_reason_and_stops_no_other(
    home: Path, tmp_path: Path, folder: Folder
) -> None:
    site = tmp_path / "site"
    packages.install(site, "broken", {"broken.py": FAILING}, {"fanwire.formats": {"broken": "broken"}})
    usual = {"name": "A", "country": "IT", "languages": ["en"], "url": f"http://{folder.address}/inbox/"}
    document = tmp_path / "outlets.json"
    document.write_text(json.dumps([usual | {"id": name, "format": name} for name in ("broken", "text")]))
    packages.run(site, home, *CLI, "outlets", "import", str(document))
    told = packages.run(site, home, "-c", DELIVER.replace('"it"', '"en"'), ALLOWED_NETWORKS="127.0.0.0/8")
    assert "rendition failed: RuntimeError: no ink left" in told
    assert len(folder.got) == 1
    status = json.loads(packages.run(site, home, *CLI, "status", str(RELEASE["uri"]), "--json"))
    assert status["states"] == {"delivered": 1, "held": 1}
    report = tmp_path / "report.json"
    packages.run(site, home, *CLI, "report", str(RELEASE["uri"]), "--format", "json", "--output", str(report))
    assert "rendition failed: RuntimeError: no ink left" in report.read_text()


FORMATTED = f"""
import json
from datetime import UTC, datetime
from tasks.formatting import FORMATS, Figures, Wire, make_rendition
from tasks.model.readers import read_release
from tasks.model.release import supplied

release = read_release({RELEASE!r})
italian = supplied(release, "it")
moment = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
wire = Wire(name="Fanwire", url="https://w.example/", figures=Figures(6500, 86000, 1))
made = {{name: make_rendition(release, italian, name, wire, moment) for name in FORMATS.all()}}
print(json.dumps({{name: rendition.body.decode() for name, rendition in made.items()}}))
"""


def test_a_language_of_a_package_is_formatted_in_every_format(site: Path, tmp_path: Path) -> None:
    made = json.loads(packages.run(site, tmp_path / "home", "-c", FORMATTED))
    assert sorted(made) == sorted([*FORMATS.all(), "ticker"])
    made = {name: words(name, body.encode()) for name, body in made.items()}
    for name, text in made.items():
        assert "Acme apre uno stabilimento" in text, name
    for name in FORMATS.all():
        assert "Il presente comunicato è stato fornito da terzi" in made[name], name
        assert "Economia, imprese e finanza" in made[name], name
    assert "Porto, 1º novembre 2026 (Fanwire) – Acme ha detto: «sì»." in made["text"]
    assert "a 6500 testate e 86.000 giornalisti in 1 Paese." in made["text"]  # grouped from five digits on


SENTENCES = {
    "Acme made €3.2 billion on March 5, 2026.": {"made": "ha guadagnato"},
    "“Sales rose 12.5% in Q3,” the company's founder said.": {
        "Sales rose": "Le vendite sono aumentate del",
        "in Q3": "nel terzo trimestre",
        "the company's founder said": "ha detto il fondatore dell'azienda",
    },
    "It is not what we wanted to see in this market.": {},
    "Sales rose strongly in the third quarter of this year, said the company in its own report.": {
        "Sales rose strongly in the third quarter of this year, said the company in its own report": "Försäljningen "
        "ökade kraftigt under tredje kvartalet jämfört med föregående år enligt bolagets alldeles egen rapport"
    },
}
"""A sentence, and what an engine replaces in it."""
TRANSLATED = f"""
import json
from tasks.model.readers import read_release
from tasks.translation.drafts import Resources
from tasks.translation.translate import draft
from tests.translation.samples import Stub

for sentence, words in {SENTENCES!r}.items():
    def change(text):
        for english, italian in words.items():
            text = text.replace(english, italian)
        return text

    document = {{"uri": "urn:x:1", "language": "en", "headline": sentence, "body_html": "<p>" + sentence + "</p>"}}
    made = draft(read_release(document), "it", Resources([Stub(change, pair=("en", "it"))]))
    print(json.dumps([made.translation and made.translation.headline, made.reason]))
"""


def test_a_translation_into_a_language_of_a_package_is_checked_and_typeset(site: Path, tmp_path: Path) -> None:
    lines = packages.run(site, tmp_path / "home", "-c", TRANSLATED).splitlines()
    amounts, typography, english, swedish = map(json.loads, lines)
    assert amounts == ["Acme ha guadagnato 3,2 miliardi di euro il 5 marzo 2026.", None]
    said = "«Le vendite sono aumentate del 12,5% nel terzo trimestre», ha detto il fondatore dell’azienda."
    assert typography == [said, None]
    assert english[0] is None
    assert "it was left in the source language" in english[1]
    assert swedish[0] is None
    assert "hardly a word of it is known to belong to 'it'" in swedish[1]


BROKEN = """
import json
from tasks.delivery.transports import by_scheme
from tasks.formatting import FORMATS
from workers import doctor
from workers.offered import offered

print(json.dumps([[finding.level, finding.what] for finding in doctor._plugins()]))
print(json.dumps([sorted(offered().formats), sorted(offered().transports)]))
"""


def test_broken_packages_are_named_by_the_doctor_and_harm_no_other(tmp_path: Path) -> None:
    site = tmp_path / "site"
    groups = {"fanwire.formats": "fax", "fanwire.transports": "telex", "fanwire.languages": "it"}
    named = {group: {name: "broken"} for group, name in groups.items()}
    packages.install(site, "broken", {"broken/__init__.py": "x = 1 / 0"}, named)
    found, offered = map(json.loads, packages.run(site, tmp_path / "home", "-c", BROKEN).splitlines())
    fault = "of entry point broken cannot be loaded: is broken: ZeroDivisionError in __init__.py, line 1"
    assert found == [
        ["unsafe", f"language 'it' {fault}"],
        ["unsafe", f"format 'fax' {fault}"],
        ["unsafe", f"transport 'telex' {fault}"],
    ]
    assert offered == [sorted(FORMATS.all()), sorted(by_scheme())]
