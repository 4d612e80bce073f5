"""`make demo`: one release to 6,500 simulated outlets in 90 countries and 15 languages, with proof of what arrived.

Starts the farm and the whole stack (broker, workers, Flower) in a home of their own, imports the outlets and what
people have translated (memory.tmx), submits the release, shows each language while it runs, and holds what the ledger
says against what the outlets received. Then a second release, follow-up.md, goes to a hundred outlets: nobody has
translated two of its sentences, so its drafts wait until an editor (editor.py) has written them. Ends by itself; exit
status 0 if nothing was doubled, nothing is missing, and every outlet without a release has a reason.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, Request, build_opener

if TYPE_CHECKING:
    from tasks.model.release import Release
    from tasks.model.states import Writing

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

# Retries come soon and end soon here, so that the demo shows a release's whole life in a minute. Seconds.
TIMES = {
    "FANWIRE_DEADLINE": "8",
    "FANWIRE_CONNECT_TIMEOUT": "3",
    "FANWIRE_LEASE": "20",
    "FANWIRE_RETRY_BASE": "1",
    "FANWIRE_RETRY_HORIZON": "20",
    "FANWIRE_BUILD_RETRY": "5",
    "FANWIRE_TICK": "0.5",
}
READY_SECONDS = 60.0
RUN_SECONDS = 240.0
FLOWER_PORT = 5555
WEB_PORT = 8600


def main() -> int:
    """The demo from beginning to end; the exit status."""
    options = _options()
    options.flower_port = port_for("Flower", options.flower_port, FLOWER_PORT)
    web_port = port_for("web server", None, WEB_PORT)
    home = (options.home or ROOT / "var" / "demo").resolve()
    shutil.rmtree(home, ignore_errors=True)
    (home / "farm").mkdir(parents=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FANWIRE_")}
    ports = {"FANWIRE_FLOWER_PORT": str(options.flower_port), "FANWIRE_WEB_PORT": str(web_port)}
    ports["FANWIRE_WEB_URL"] = f"http://127.0.0.1:{web_port}"
    environment |= TIMES | {"FANWIRE_HOME": str(home)} | ports
    os.environ.clear()
    os.environ.update(environment)
    began = time.monotonic()
    with Processes() as processes:
        farm = start_farm(processes, home / "farm", options)
        processes.start("stack", [fanwire(), "up"], home / "stack.log")
        return Demo(home, farm, options, began).run()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=6500, help="outlets (6500)")
    parser.add_argument("--manners", choices=("real", "good"), default="real", help="good: all answer fast")
    parser.add_argument("--language", help="all outlets take this language only")
    parser.add_argument("--transports", choices=("all", "http"), default="all", help="http: all take one HTTP POST")
    parser.add_argument(
        "--release",
        type=Path,
        help="another release to send, and no second one, in any form that `fanwire submit` reads",
    )
    parser.add_argument("--home", type=Path, help="where everything goes (var/demo); emptied first")
    parser.add_argument("--flower-port", type=int, help=f"({FLOWER_PORT}, or a free one when that is taken)")
    return parser.parse_args()


def port_for(what: str, wanted: int | None, usual: int) -> int:
    """The port that was asked for; else the usual one, or a free one when somebody listens there already."""
    if _is_free(wanted or usual):
        return wanted or usual
    if wanted:
        sys.exit(f"port {wanted} is taken; name another with --flower-port, or leave it to the demo")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = int(probe.getsockname()[1])
    print(f"Port {usual} is taken, so this {what} gets {free}.")
    return free


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def fanwire() -> str:
    """The CLI of the environment that runs this."""
    return str(Path(sys.executable).parent / "fanwire")


class Processes:
    """What the demo starts, each in a process group of its own; ended in reverse order, whatever happens."""

    def __init__(self) -> None:
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> Processes:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        return self

    def __exit__(self, *_: object) -> None:
        for _name, process in reversed(self._running):
            if process.poll() is None:
                process.terminate()
        for _name, process in reversed(self._running):
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)

    def start(self, name: str, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        """Start a command; its output goes to `log`."""
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603, our own commands
                command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._running.append((name, process))
        return process


def start_farm(processes: Processes, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Start the farm and take on what its outlets need of a sender; where it is."""
    command = [sys.executable, str(HERE / "farm.py"), "--dir", str(folder)]
    command += ["--count", str(options.count), "--manners", options.manners, "--transports", options.transports]
    if options.language:
        command += ["--language", options.language]
    process = processes.start("farm", command, folder / "farm.log")
    until(lambda: (folder / "farm.json").exists() or process.poll() is not None, READY_SECONDS, "the farm to start")
    if process.poll() is not None:
        sys.exit(f"the farm did not start; see {folder / 'farm.log'}")
    where: dict[str, Any] = json.loads((folder / "farm.json").read_text())
    os.environ["FANWIRE_CA_FILE"] = where["ca"]
    os.environ["FANWIRE_ALLOWED_NETWORKS"] = where["network"]
    os.environ["FANWIRE_SECRETS_FOLDER"] = str(folder / "secrets")
    os.environ["FANWIRE_DELIVERY_FOLDERS"] = where["folders"]
    if where["relay"]:
        os.environ["FANWIRE_SMTP_URL"] = f"smtp://{where['relay']}?tls=none"
        os.environ["FANWIRE_SMTP_FROM"] = "Fanwire demo <wire@wire.example>"
    for line in (folder / "secrets.env").read_text().splitlines():
        name, _, value = line.partition("=")
        os.environ[name] = value
    return where


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for a condition; ends the demo with a message if it does not come."""
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            sys.exit(f"waited {seconds:g} s for {what}, in vain; the logs are in {os.environ['FANWIRE_HOME']}")
        time.sleep(0.1)


def publish_feeds(control: str) -> None:
    """Give each outlet that fetches the secret address of its feed, and tell the farm at `control`."""
    from tasks import ledger
    from tasks.ledger import outlets
    from tasks.operations import feed_access
    from tasks.runtime.settings import settings

    with ledger.write() as connection:
        fetching = [outlet for outlet in outlets.everyone(connection) if outlet.url == "pull:"]
        made = {outlet.id: feed_access.rotate(connection, outlet.id, outlet.format, overlap=0) for outlet in fetching}
    if not made:
        return
    addresses = {outlet: f"{settings().web_url}{address.path}" for outlet, address in made.items()}
    request = Request(f"{control}/feeds", json.dumps(addresses).encode())  # noqa: S310, our own address
    with build_opener(ProxyHandler({})).open(request):
        pass


@dataclass(frozen=True)
class Sent:
    """A release that was taken: its URI, and the number of its row."""

    uri: str
    number: int


class Demo:
    """One run: submit, watch, compare; then the same for the release that an editor has to see."""

    def __init__(self, home: Path, farm: dict[str, Any], options: argparse.Namespace, began: float) -> None:
        # the environment is complete only now, and Fanwire reads it when it is imported
        from workers.cli.screen import Screen

        self.home = home
        self.farm = farm
        self.options = options
        self.began = began
        self.out = Screen(highlight=False, emoji=False)

    def run(self) -> int:
        """The exit status."""
        from tasks.runtime.errors import UserError
        from workers.ops import flower
        from workers.producer import NoReceipt

        self.out.print(f"[bold]Fanwire demo[/]: {self.farm['count']:,} outlets on {self.farm['network']}, one release")
        try:
            self.import_all()
            self.out.print(self.page(), markup=False)
            self.out.print(
                f"Flower: http://127.0.0.1:{self.options.flower_port}/ "
                f"(user operations, password {flower.password()}), while this runs"
            )
            sent = self.submit(self.document())
            self.watch(sent)
            sound = self.summarise(sent)
            if not (self.options.release or self.options.language):
                sound = self.follow_up() and sound
        except (UserError, NoReceipt) as trouble:
            self.out.print(f"{trouble}\nThe logs are in {self.home / 'log'}", markup=False)
            return 1
        end = "[green]Nothing doubled, nothing missing.[/]" if sound else "[red]Something is wrong: see above.[/]"
        again = f"FANWIRE_HOME={self.home} {fanwire()} up"
        self.out.print(f"\nPage:   {again}, then sign in as above", markup=False)
        self.out.print(
            f"Report: {self.home / 'report.html'} (also .json and .csv)\nLogs:   {self.home / 'log'}\n"
            f"{time.monotonic() - self.began:.0f} s in all. {end}"
        )
        return 0 if sound else 1

    def page(self) -> str:
        """Where the operations' page is; its user gets a password that this console shows."""
        from tasks import ledger
        from tasks.runtime import passwords
        from tasks.runtime.settings import settings
        from workers import users
        from workers.stack import FIRST_USER

        password = passwords.made()
        password_hash = users.new_hash(password)
        with ledger.write() as connection:
            users.set_password(connection, FIRST_USER, password_hash)
        return f"Page:   {settings().web_url}/ops/ (user {FIRST_USER}, password {password})"

    def import_all(self) -> None:
        """Wait for the ledger, and import the farm's outlets and the memory with the CLI, as an operator does."""
        until((self.home / "broker.url").exists, READY_SECONDS, "the stack to start")
        commands = [["outlets", "import", self.farm["outlets"]], ["memory", "import", str(HERE / "memory.tmx")]]
        running = [
            subprocess.Popen([fanwire(), *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603, our own commands
            for command in commands
        ]
        for process in running:
            said, _ = process.communicate()
            self.out.print(said.strip(), markup=False)
        if any(process.returncode for process in running):
            sys.exit(1)
        publish_feeds(self.farm["control"])

    def document(self) -> Release:
        """The release to send first."""
        from demo_release import release

        from tasks.model.readers import read_release

        source = self.options.release
        return read_release(source.read_bytes() if source else json.dumps(release(), default=str))

    def submit(self, document: Release) -> Sent:
        """Submit a release, and say so."""
        from tasks import ledger
        from tasks.ledger import releases
        from workers.broker import broker_url
        from workers.broker_users import User
        from workers.producer import Producer

        started = time.monotonic()
        with Producer(broker_url(User.PRODUCER)) as producer:
            receipt = producer.submit(document, timeout=READY_SECONDS)
        if not receipt.taken:
            sys.exit(f"the release was refused: {receipt.problems}")
        with ledger.read() as connection:
            row = releases.find(connection, document.uri)
            assert row is not None
        took = time.monotonic() - started
        told = f"{receipt.status}: “{document.headline}” ({document.uri}), receipt after {took:.2f} s\n"
        self.out.print(told, markup=False)
        return Sent(document.uri, row.id)

    def watch(self, sent: Sent) -> None:
        """Show each language until nothing is due, claimed or being made."""
        from rich.live import Live

        from tasks import ledger
        from tasks.ledger import counts, releases

        ends = time.monotonic() + RUN_SECONDS
        with Live(console=self.out, refresh_per_second=4, transient=not self.out.is_terminal) as live:
            while time.monotonic() < ends:
                with ledger.read() as connection:
                    row = releases.find(connection, sent.uri)
                    languages = counts.states(connection, sent.number)
                    planned = row is not None and row.planned_at is not None
                    left = counts.unfinished(connection, sent.number) + counts.being_built(connection, sent.number)
                live.update(table(languages))
                if planned and not left:
                    break
                time.sleep(0.25)
        if not self.out.is_terminal:
            self.out.print(table(languages))

    def summarise(self, sent: Sent, name: str = "report") -> bool:
        """Hold the ledger against the farm, write the reports and say what came of it; whether everything fits."""
        from proof import compare

        from tasks import ledger
        from tasks.ledger import counts
        from tasks.operations import report, report_documents
        from tasks.runtime.seal_key import seal_key
        from tasks.runtime.settings import settings

        with ledger.read() as connection:
            found = report.report(connection, sent.number)
            unknowable = counts.unknowable(connection, sent.number)
            pieces = {
                "html": report_documents.as_html(found, settings().wire_name, seal_key()),
                "json": report_documents.as_json(found, seal_key()),
                "csv": report_documents.as_csv(found),
            }
            for suffix, content in pieces.items():
                (self.home / f"{name}.{suffix}").write_text("".join(content), "utf-8")
            proof = compare(found, self.farm["control"], unknowable)
        self.out.print()
        if name == "report":
            self.explain(sent, found)
        for line in [texts(found.writing), *proof.lines(found, self.transports())]:
            self.out.print(line, markup=False)
        return proof.sound

    def transports(self) -> dict[str, str]:
        """The transport of each outlet, as the farm calls it."""
        plan = json.loads((self.home / "farm" / "plan.json").read_text())
        return {outlet: entry.get("transport", "http") for outlet, entry in plan.items()}

    def follow_up(self) -> bool:
        """Send a release with two sentences that nobody has translated, and play the editor; whether all fits."""
        import editor

        from tasks import ledger
        from tasks.ledger import counts
        from tasks.model.readers import read_release
        from tasks.model.states import Hold

        self.out.print("\n[bold]A second release[/], with two sentences that nobody has translated yet")
        sent = self.submit(read_release((HERE / "follow-up.md").read_bytes()))
        self.watch(sent)
        with ledger.read() as connection:
            holds = counts.holds(connection, sent.number)
        for hold in holds:
            why = hold["detail"] or hold["reason"]
            self.out.print(f"{hold['language']}: {hold['n']} deliveries are held: {why}", markup=False)
        drafts = {hold["language"] for hold in holds if hold["kind"] == Hold.APPROVAL}
        if not drafts:
            self.out.print("No outlet takes it in a language of which an engine makes drafts: there is nothing to edit")
            return self.summarise(sent, "follow-up")
        self.out.print(f"\nThe editor exports the drafts, writes the two sentences, and imports them ({editor.NAME}):")
        try:
            for line in editor.edit(fanwire(), sent.uri, self.home, drafts):
                self.out.print(line, markup=False)
        except subprocess.CalledProcessError as failed:
            self.out.print(f"{failed.stdout}{failed.stderr}", markup=False)
            return False
        self.watch(sent)
        return self.summarise(sent, "follow-up")

    def explain(self, sent: Sent, found: Any) -> None:
        """Why there are not as many deliveries as outlets."""
        from tasks import ledger, planning

        languages = Counter(line.outlet for line in found.lines)
        several = sum(count > 1 for count in languages.values())
        told = f"Plan:   {len(found.lines):,} deliveries to {len(languages):,} outlets"
        told += f"; {several:,} of them take several languages" if several else ""
        self.out.print(told, markup=False)
        with ledger.read() as connection:
            nothing = [match for match in planning.audience(connection, sent.number) if not match.languages]
        why = Counter(reason for match in nothing for reason in set(match.refused.values()))
        for reason, count in why.most_common():
            self.out.print(f"        {count:,} more get nothing: each {reason}", markup=False)


def texts(writing: Mapping[str, Writing]) -> str:
    """Who is behind the texts, on a line: how many languages, and which if they are few."""
    told = []
    for kind, count in Counter(writing.values()).most_common():
        named = sorted(language for language, found in writing.items() if found == kind)
        told.append(f"{count} {kind.words}" + (f" ({', '.join(named)})" if kind != "producer" else ""))
    return f"Texts:  {'; '.join(told)}"


def table(languages: dict[str, dict[str, int]]) -> Any:
    """A row for each language, a column for each state."""
    from rich.progress_bar import ProgressBar
    from rich.table import Column, Table

    from tasks.ledger.counts import total
    from tasks.model.languages import LanguageTag

    states = ("delivered", "due", "claimed", "held", "rejected", "exhausted")
    columns = (Column(state, justify="right") for state in states)
    found = Table(Column("language", no_wrap=True), "", *columns, box=None, padding=(0, 1, 0, 0))  # fits 80 columns
    for language, counted in [*languages.items(), ("all", total(languages))]:
        everyone = sum(counted.values()) or 1
        bar = ProgressBar(total=everyone, completed=counted.get("delivered", 0), width=8)
        name = "all" if language == "all" else LanguageTag(language).english_name
        found.add_row(name, bar, *(f"{counted.get(state, 0) or ''}" for state in states))
    return found


if __name__ == "__main__":
    sys.exit(main())
