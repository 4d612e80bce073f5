"""The farm: thousands of simulated outlets on loopback, with the bad manners of real ones, which note every receipt.

    python deploy/demo/farm.py --dir DIR [--plan PLAN.json | --count 6500 --manners real --language de --seed 1]

Each outlet has an address of its own (127.x.y.z, all on one port), as real outlets have. Only loopback addresses are
bound. When all listen, one line of JSON says where everything is; the same stands in DIR/farm.json, and the outlets to
import in DIR/outlets.json. SIGTERM ends the farm.

Control, on the address `control`:
    GET  /tally [?release=URI] [?outlets=1]     counts and faults (farm_tally.py says which)
    GET  /receipts [?release=…&outlet=…&version=…&language=…]     NDJSON, in the order of arrival
    GET  /health       {"ready": true, "outlets": n, "receipts": n, "accepted": n, …}
    POST /reset        forgets all receipts
    POST /manners      {outlet id: {"manner": …}}: other manners from now on (not to or from `refuse`)
    POST /feeds        {outlet id: address}: the feeds that outlets which fetch are to fetch from now on

Outlets take more than HTTP if their plan says so: farm_transports.py has all transports of the farm.

`Farm` does the same for tests.

CPU of the farm for a request with a 9 KB body on a connection of its own: 60 µs plain, 300 µs over TLS, of which
OpenSSL's handshake is 210 µs (6,500 outlets, one process, 2-core machine shared with the client).
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import multiprocessing
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import farm_tally
import outlets
from farm_loop import Farm as Loop
from farm_manners import Manner, SimulatedOutlet, read_env_file, read_plan
from farm_pickup import Pickup
from farm_tls import Certificates
from farm_transports import CERTIFICATE, FILES, HTTP, PICKED_UP, SECRET, Place, Servers, documented

BACKLOG = 128
SPARE_DESCRIPTORS = 200
PORT_TRIES = 20
START_SECONDS = 60.0
STOP_SECONDS = 60.0


# --- addresses --------------------------------------------------------------------------------------------------


def loopback_addresses(number: int) -> list[str]:
    """So many addresses out of 127.16.0.0 and up: away from 127.0.0.1, where real services are."""
    return [f"127.{16 + n // 64_000}.{n // 250 % 256}.{n % 250 + 1}" for n in range(number)]


def file_addresses(number: int) -> list[str]:
    """So many addresses for servers of files, out of 127.200.0.0 and up."""
    return [f"127.200.{n // 250}.{n % 250 + 1}" for n in range(number)]


def assign(outlets: list[SimulatedOutlet], most: int) -> dict[str, list[SimulatedOutlet]]:
    """Which outlets live at which address: one each, unless that is more than `most`; then some share.

    Outlets that share are all plain or all TLS, and one that refuses never shares with one that listens.
    """
    kinds: dict[tuple[bool, bool, bool], list[SimulatedOutlet]] = {}
    for outlet in outlets:
        kinds.setdefault((outlet.listens, outlet.tls, outlet.transport == "mtls"), []).append(outlet)
    shares = {kind: max(1, min(len(group), most * len(group) // len(outlets))) for kind, group in kinds.items()}
    addresses = iter(loopback_addresses(sum(shares.values())))
    places: dict[str, list[SimulatedOutlet]] = {}
    for kind, group in kinds.items():
        own = [next(addresses) for _ in range(shares[kind])]
        for number, outlet in enumerate(group):
            places.setdefault(own[number % len(own)], []).append(outlet)
    return places


def listen(addresses: list[str], port: int) -> tuple[int, dict[str, socket.socket]]:
    """A listening socket at every address, all on one port; port 0 takes one that is free everywhere."""
    for _ in range(PORT_TRIES):
        listeners: dict[str, socket.socket] = {}
        chosen = port
        try:
            for address in addresses:
                listeners[address] = sock = socket.socket()
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind((address, chosen))
                sock.listen(BACKLOG)
                chosen = chosen or sock.getsockname()[1]
            return chosen, listeners
        except OSError as error:
            for sock in listeners.values():
                sock.close()
            if port:
                raise SystemExit(f"farm: cannot listen on port {port} of {address}: {error}") from None
    raise SystemExit(f"farm: found no port in {PORT_TRIES} tries that is free at all {len(addresses)} addresses")


def descriptors() -> int:
    """How many files a process may have open, after raising the limit as far as it goes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return 1 << 20 if hard == resource.RLIM_INFINITY else hard


# --- processes --------------------------------------------------------------------------------------------------


class Processes:
    """The farm's processes, each with its part of the outlets, and the receipts gathered from them."""

    def __init__(self, outlets: list[SimulatedOutlet], places: dict[str, list[SimulatedOutlet]], number: int):
        self.documents = {outlet.id: outlet.document for outlet in outlets}
        self.transports = {outlet.id: outlet.transport for outlet in outlets}
        self.places = places
        self.number = number
        self.pickup: Pickup | None = None
        self.lock = threading.Lock()
        self.receipts: dict[tuple[int, int], dict[str, Any]] = {}
        self.counters: dict[int, dict[str, int]] = {}
        self.peaks: dict[str, int] = {}
        self.pipes: list[Any] = []
        self.children: list[Any] = []

    def start(self, listeners: dict[str, socket.socket], contexts: dict[str, Any]) -> None:
        """Fork the processes; the listeners are theirs from then on."""
        gc.freeze()
        shares = [list(listeners)[index :: self.number] for index in range(self.number)]
        for share in shares:
            self.start_part(self._serve, share, listeners, contexts)
        for listener in listeners.values():
            listener.close()

    def start_part(self, serve: Callable[..., None], *arguments: Any) -> None:
        """Fork a process that runs `serve` with its end of a pipe and these arguments."""
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        child = context.Process(target=self._run, args=(theirs, [*self.pipes, ours], serve, arguments))
        child.start()
        theirs.close()
        self.pipes.append(ours)
        self.children.append(child)

    @staticmethod
    def _run(pipe: Any, others: list[Any], serve: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        """One process. It ends when the parent says so or is gone."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for other in others:
            other.close()
        serve(pipe, *arguments)

    def _serve(
        self, pipe: Any, share: list[str], listeners: dict[str, socket.socket], contexts: dict[str, Any]
    ) -> None:
        """Serve the HTTP outlets at a share of the addresses."""
        for address in set(listeners) - set(share):
            listeners[address].close()
        loop = Loop([outlet for address in share for outlet in self.places[address]])
        for address in share:
            here = self.places[address]
            loop.listen(listeners[address], contexts.get(address), here[0] if len(here) == 1 else None)
        gc.set_threshold(100_000, 50, 100)
        loop.serve(pipe)

    def stop(self) -> None:
        for pipe in self.pipes:
            with contextlib.suppress(OSError):
                pipe.send(("stop", None))
        for child in self.children:
            child.join(STOP_SECONDS)
            if child.is_alive():
                child.kill()

    def _ask(self, order: str, argument: Any = None) -> list[Any]:
        for pipe in self.pipes:
            pipe.send((order, argument))
        return [pipe.recv() for pipe in self.pipes]

    def gather(self) -> list[dict[str, Any]]:
        """All receipts up to now, in the order of arrival."""
        with self.lock:
            for index, (_, changed, counters, peaks) in enumerate(self._ask("receipts")):
                for number, receipt in changed.items():
                    self.receipts[index, number] = receipt
                self.counters[index] = counters
                self.peaks.update(peaks)
            if self.pickup is not None:
                self.receipts.update({(-1, number): receipt for number, receipt in self.pickup.look().items()})
            return sorted(self.receipts.values(), key=lambda receipt: (receipt["time"], receipt["n"]))

    def reset(self) -> None:
        with self.lock:
            self._ask("reset")
            if self.pickup is not None:
                self.pickup.reset()
            self.receipts.clear()
            self.peaks.clear()

    def set_manners(self, manners: dict[str, Manner]) -> None:
        with self.lock:
            self._ask("manners", manners)

    def sums(self) -> dict[str, int]:
        """The counters of all processes together."""
        names = {name for counters in self.counters.values() for name in counters}
        return {name: sum(counters[name] for counters in self.counters.values()) for name in sorted(names)}


# --- control ----------------------------------------------------------------------------------------------------


def control_server(processes: Processes) -> ThreadingHTTPServer:
    """The control port, on 127.0.0.1."""

    class Control(BaseHTTPRequestHandler):
        def log_message(self, *_arguments: Any) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = dict(parse_qsl(url.query))
            pages = {"/tally": _tally, "/receipts": _receipts, "/health": _health}
            page = pages.get(url.path)
            if page is None:
                return self._answer(404, {"error": f"known: {', '.join(pages)}"})
            return self._answer(200, page(processes, query))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                if self.path == "/reset":
                    processes.reset()
                elif self.path == "/manners":
                    processes.set_manners(_manners(json.loads(body), processes))
                elif self.path == "/feeds" and processes.pickup is not None:
                    processes.pickup.fetch(json.loads(body))
                else:
                    return self._answer(404, {"error": "known: /reset, /manners, /feeds"})
            except (ValueError, TypeError) as error:
                return self._answer(400, {"error": str(error)})
            return self._answer(200, {"done": True})

        def _answer(self, status: int, content: Any) -> None:
            text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-ndjson" if isinstance(content, str) else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Control)
    server.daemon_threads = True
    return server


def _chosen(processes: Processes, query: dict[str, str]) -> list[dict[str, Any]]:
    """The receipts that a query asks for."""
    wanted = {name: value for name, value in query.items() if name in ("release", "version", "language", "outlet")}
    receipts = processes.gather()
    return [r for r in receipts if all(str(r[name]) == value for name, value in wanted.items())] if wanted else receipts


def _tally(processes: Processes, query: dict[str, str]) -> dict[str, Any]:
    receipts = _chosen(processes, query)
    result = farm_tally.tally(receipts, processes.documents, processes.peaks) | processes.sums()
    if query.get("outlets"):
        result["outlets"] = farm_tally.per_outlet(receipts)
    return result


def _receipts(processes: Processes, query: dict[str, str]) -> str:
    return "".join(json.dumps(receipt, ensure_ascii=False) + "\n" for receipt in _chosen(processes, query))


def _health(processes: Processes, _query: dict[str, str]) -> dict[str, Any]:
    receipts = processes.gather()
    return {
        "ready": all(child.is_alive() for child in processes.children),
        "outlets": len(processes.documents),
        "receipts": len(receipts),
        "accepted": sum(map(farm_tally.accepted, receipts)),
        "pending": sum(receipt["outcome"] == "pending" for receipt in receipts),
        **processes.sums(),
    }


def _manners(entries: dict[str, Any], processes: Processes) -> dict[str, Manner]:
    unknown = set(entries) - set(processes.documents)
    if unknown:
        raise ValueError(f"unknown outlets {sorted(unknown)[:5]}")
    manners = {name: Manner.read(name, entry) for name, entry in entries.items()}
    if any(manner.manner == "refuse" for manner in manners.values()):
        raise ValueError("an outlet that listens cannot refuse from now on")
    return manners


# --- the command ------------------------------------------------------------------------------------------------


def run(
    plan: dict[str, dict[str, Any]], directory: Path, *, port: int, processes: int, until_stdin_closes: bool
) -> None:
    """Serve the outlets of `plan` until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    simulated = read_plan(plan, directory)
    over_http = [outlet for outlet in simulated if outlet.transport in HTTP]
    picked_up = [outlet for outlet in simulated if outlet.transport in PICKED_UP]
    # Each process inherits all listeners at first, and needs as many again for connections
    most = max(1, (descriptors() - SPARE_DESCRIPTORS - len(simulated) + len(over_http)) // 2)
    places = assign(over_http, most) if over_http else {}
    listening = [address for address, here in places.items() if here[0].listens]
    port, listeners = listen(listening, port)
    servers = Servers(simulated, directory, read_env_file(directory / "secrets.env").get(SECRET, "secret"))
    servers.listen(listen, file_addresses(sum(outlet.transport in FILES for outlet in simulated)))
    certificates = Certificates(directory / "ca.pem", directory)
    where = {outlet.id: Place(address, port) for address, here in places.items() for outlet in here} | servers.places
    for outlet in simulated:
        documented(outlet, where.get(outlet.id), directory / "folders", servers)
    farm = Processes(simulated, places, max(1, min(processes, len(listening))))
    farm.pickup = Pickup(picked_up, directory / "folders") if picked_up else None
    farm.start(listeners, _contexts(certificates, places, listening, directory))
    servers.start(
        farm.start_part,
        certificates.files([place.address for id, place in servers.places.items() if farm.transports[id] == "ftps"]),
    )
    server = control_server(farm)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        _announce(directory, farm, port, server.server_address[1], servers)
        if until_stdin_closes:
            threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
        while not stop.wait(1.0):
            if not all(child.is_alive() for child in farm.children):
                raise SystemExit("farm: one of its processes has died")
    finally:
        server.shutdown()
        farm.stop()


def _contexts(
    certificates: Certificates, places: dict[str, list[SimulatedOutlet]], listening: list[str], directory: Path
) -> dict[str, Any]:
    """The TLS context of each address that has one; some want a certificate of the sender, which is made too."""
    strict = [address for address in listening if places[address][0].transport == "mtls"]
    if strict:
        certificates.write_client(directory / "secrets" / CERTIFICATE)
    usual = [address for address in listening if places[address][0].tls and address not in strict]
    return certificates.contexts(usual) | certificates.contexts(strict, of_sender=True)


def _announce(directory: Path, farm: Processes, port: int, control: int, servers: Servers) -> None:
    """Write outlets.json and farm.json, then say so."""
    (directory / "outlets.json").write_text(json.dumps(list(farm.documents.values()), ensure_ascii=False, indent=1))
    addresses = list(farm.places)
    where = {
        "control": f"http://127.0.0.1:{control}",
        "port": port,
        "pid": os.getpid(),
        "outlets": str(directory / "outlets.json"),
        "count": len(farm.documents),
        "addresses": {"first": addresses[0], "last": addresses[-1], "count": len(addresses)} if addresses else None,
        "network": "127.0.0.0/8",
        "ca": str(directory / "ca.pem"),
        "relay": servers.relay,
        "folders": str(directory / "folders"),
        "transports": {name: list(farm.transports.values()).count(name) for name in set(farm.transports.values())},
    }
    draft = directory / "farm.json.part"
    draft.write_text(json.dumps(where) + "\n")
    draft.rename(directory / "farm.json")
    print(json.dumps(where), flush=True)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--plan", "--outlets", type=Path, help="JSON {outlet id: {manner, tls, …}}; none: one is made in DIR"
    )
    parser.add_argument("--dir", type=Path, required=True, help="where farm.json, outlets.json and ca.pem go")
    parser.add_argument("--port", type=int, default=0, help="of all outlets; 0: any that is free")
    parser.add_argument("--processes", type=int, default=1, help="one serves 3,000 TLS requests a second")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end also when whoever started it is gone")
    outlets.arguments(parser.add_argument_group("without --plan, which outlets to invent"))
    options = parser.parse_args(arguments)
    directory = options.dir.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "farm.json").unlink(missing_ok=True)
    path = options.plan
    if path is None:
        wanted = {
            name: getattr(options, name) for name in ("count", "seed", "manners", "language", "instant", "transports")
        }
        path = outlets.write(directory, **wanted)
    plan = json.loads(path.read_text())
    run(plan, directory, port=options.port, processes=options.processes, until_stdin_closes=options.until_stdin_closes)


# --- for tests --------------------------------------------------------------------------------------------------


class Farm:
    """A farm as a subprocess in a process group of its own; use it with `with`, or start() and stop().

    It ends with the process that started it, even when that is killed.
    """

    def __init__(self, plan: dict[str, dict[str, Any]], directory: Path | None = None, *, processes: int = 1):
        self.plan, self.processes = plan, processes
        self.directory = Path(directory or tempfile.mkdtemp(prefix="farm-"))
        self.process: subprocess.Popen[str] | None = None
        self.where: dict[str, Any] = {}
        self._open = build_opener(ProxyHandler({})).open

    def start(self) -> Self:
        """Start, and return once all outlets listen."""
        self.directory.mkdir(parents=True, exist_ok=True)
        plan_file = self.directory / "plan.json"
        plan_file.write_text(json.dumps(self.plan))
        command = [
            sys.executable,
            __file__,
            "--plan",
            str(plan_file),
            "--dir",
            str(self.directory),
            "--until-stdin-closes",
        ]
        self.process = subprocess.Popen(  # noqa: S603
            [*command, "--processes", str(self.processes)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the farm ended with status {self.process.wait()} before it was ready")
        self.where = json.loads(line)
        return self

    def stop(self) -> int:
        """End the farm; returns its exit status, 0 when all went well."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait()

    __enter__ = start

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @property
    def outlets_file(self) -> Path:
        """The outlet documents, to import."""
        return Path(self.where["outlets"])

    @property
    def ca_file(self) -> Path:
        """What FANWIRE_CA_FILE must name."""
        return Path(self.where["ca"])

    @property
    def outlets(self) -> dict[str, dict[str, Any]]:
        """The outlet documents by id."""
        return {document["id"]: document for document in json.loads(self.outlets_file.read_text())}

    def url(self, outlet: str) -> str:
        return self.outlets[outlet]["url"]

    def tally(self, release: str | None = None, *, outlets: bool = False) -> dict[str, Any]:
        """Counts and faults; see farm_tally.py."""
        query = [f"release={release}"] if release else []
        return json.loads(self._call("GET", "/tally?" + "&".join(query + ["outlets=1"] * outlets)))

    def receipts(self, **wanted: str) -> list[dict[str, Any]]:
        """Receipts in the order of arrival, of a release, version, language or outlet."""
        query = "&".join(f"{name}={value}" for name, value in wanted.items())
        return [json.loads(line) for line in self._call("GET", f"/receipts?{query}").splitlines()]

    def reset(self) -> None:
        """Forget all receipts."""
        self._call("POST", "/reset")

    def set_manners(self, manners: dict[str, dict[str, Any]]) -> None:
        """Other manners from now on."""
        self._call("POST", "/manners", json.dumps(manners).encode())

    def health(self) -> dict[str, Any]:
        """Numbers of receipts, accepted ones and pending ones, among others: cheaper than all receipts."""
        return json.loads(self._call("GET", "/health"))

    def wait_until_accepted(self, number: int, seconds: float = 60.0) -> None:
        """Wait until so many receipts were accepted; raises TimeoutError."""
        until = time.monotonic() + seconds
        while (health := self.health())["accepted"] < number:
            if time.monotonic() > until:
                raise TimeoutError(f"{number} not accepted after {seconds} s: {health}")
            time.sleep(0.05)

    def wait_until(self, holds: Callable[[list[dict[str, Any]]], bool], seconds: float = 30.0) -> list[dict[str, Any]]:
        """Wait until something holds of the receipts, and return them; raises TimeoutError. For few."""
        until = time.monotonic() + seconds
        while True:
            receipts = self.receipts()
            if holds(receipts):
                return receipts
            if time.monotonic() > until:
                raise TimeoutError(f"not so after {seconds} s, with {len(receipts)} receipts")
            time.sleep(0.02)

    def _call(self, method: str, path: str, body: bytes | None = None) -> str:
        request = Request(self.where["control"] + path, body, method=method)  # noqa: S310, our own address
        with self._open(request, timeout=START_SECONDS) as answer:
            return answer.read().decode()


if __name__ == "__main__":
    main()
