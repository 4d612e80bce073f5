"""Real outlets for the transfer loop's tests: sockets on ephemeral ports of this machine, one thread per connection."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
import redis

from tasks.delivery.admission.shared_state import SharedState
from tasks.delivery.rotation import ROTATIONS
from tasks.delivery.transfers.address_policy import AddressPolicy
from tasks.delivery.transfers.loop import TransferLoop
from tasks.delivery.transfers.transfer import Answer, Transfer
from tests.support.authority import Authority
from tests.support.processes import own_valkey
from tests.support.threads import PATIENCE

T = TypeVar("T")
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Call:
    """One connection to an outlet, as its manner sees it."""

    socket: socket.socket
    outlet: OutletServer
    buffer: bytes = b""

    def read(self) -> Request | None:
        """The next whole request on this connection; None at its end."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {name: value.lstrip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("Content-Length", 0))
        while len(self.buffer) < length:
            if not self._more():
                return None
        request = Request(lines[0], headers, self.buffer[:length])
        self.buffer = self.buffer[length:]
        self.outlet.requests.append(request)
        return request

    def _more(self) -> bool:
        data = self.socket.recv(65536)
        self.buffer += data
        return bool(data)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reset(self) -> None:
        """Close with a TCP reset instead of a proper end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def hang(self) -> None:
        """Until the test ends or the other side goes away."""
        self.outlet.over.wait(PATIENCE)


@dataclass
class Request:
    line: str
    headers: dict[str, str]
    body: bytes


class OutletServer:
    """Listens on an ephemeral port; `manner` is called with each connection in a thread of its own."""

    def __init__(self, manner: Callable[[Call], None], context: ssl.SSLContext | None, address: str) -> None:
        self.manner, self.context = manner, context
        self.requests: list[Request] = []
        self.connections = 0
        self.over = threading.Event()
        self.listener = socket.create_server((address, 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, host: str = "127.0.0.1", path: str = "/wire") -> str:
        return f"{'https' if self.context else 'http'}://{host}:{self.port}{path}"

    def close(self) -> None:
        self.over.set()
        with contextlib.suppress(OSError):  # wakes accept()
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection:
                self.manner(Call(connection, self))


def polite(call: Call) -> None:
    """Answer 200 to everything, keeping the connection."""
    while call.read():
        call.send(OK)


Serve = Callable[..., OutletServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(manner)`: an outlet with that manner, polite if none is given."""
    running: list[OutletServer] = []

    def start(
        manner: Callable[[Call], None] = polite, context: ssl.SSLContext | None = None, address: str = "127.0.0.1"
    ) -> OutletServer:
        running.append(OutletServer(manner, context, address))
        return running[-1]

    yield start
    for server in running:
        server.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def _forget_rotations() -> Iterator[None]:
    """What a test has seen of next secrets is told in the ledger of no other: the next drain of this process would."""
    yield
    ROTATIONS.__init__()  # type: ignore[misc]


class Bench:
    """A transfer loop and what a test does with it."""

    def __init__(self, transfers: TransferLoop) -> None:
        self.transfers = transfers

    def start(self, key: Any, url: str, **more: Any) -> None:
        """Begin one transfer."""
        fields: dict[str, Any] = {"headers": (), "body": b"x", "deadline": PATIENCE}
        self.transfers.start(Transfer(key=key, url=url, **(fields | more)))

    def send(self, url: str, **more: Any) -> Answer:
        """One transfer from start to end."""
        self.start("k", url, **({"headers": ("X-Test: 1",), "body": b"the rendition", "deadline": PATIENCE} | more))
        (answer,) = self.wait(1)
        return answer

    def run_out(self, came_so_far: Callable[[T], Any], send: Callable[[float], T]) -> T:
        """What comes of a transfer whose time is over when it has come so far, by a witness such as what its outlet has
        read. `send`: makes one in so many seconds; they are more and more until it has come so far on this machine."""
        for seconds in (0.3, 3.0):
            if came_so_far(answer := send(seconds)):
                return answer
        return send(30.0)

    def wait(self, count: int, seconds: float = PATIENCE) -> list[Answer]:
        """So many answers."""
        until = time.monotonic() + seconds
        answers: list[Answer] = []
        while len(answers) < count:
            assert time.monotonic() < until, f"{len(answers)} of {count} answers after {seconds} s"
            answers += self.transfers.turn(0.5)
        return answers


@pytest.fixture
def make_bench(authority: Authority) -> Iterator[Callable[..., Bench]]:
    """`make_bench(…)`: a transfer loop with some settings changed; loopback is allowed unless said otherwise."""
    made: list[TransferLoop] = []

    def make(**changes: Any) -> Bench:
        settings: dict[str, Any] = {
            "in_flight_hint": 16,
            "connect_timeout": PATIENCE,
            "answer_cap_bytes": 64 * 1024,
            "trust": authority.bundle,
            "allowed": AddressPolicy(LOOPBACK).allows,
        }
        made.append(TransferLoop(**(settings | changes)))
        return Bench(made[-1])

    yield make
    for transfers in made:
        transfers.close()


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Valkey of the module's own; its address."""
    with own_valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture
def valkey(server: str) -> Iterator[redis.Redis]:
    """It, empty."""
    with redis.Redis.from_url(server, decode_responses=True) as client:
        client.flushall()
        yield client


def patient_state(url: str) -> SharedState:
    """Shared state that waits for its answers however busy the machine is. Other tests look at a slow Redis."""
    return SharedState.at(url, timeout=60)
