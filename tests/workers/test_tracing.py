"""One trace a release, from intake to delivery, whoever works on it; and none unless somebody asks for it."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tasks import ledger, pipeline
from tasks.ledger import outlets
from tasks.runtime import tracing
from tasks.runtime.settings import settings
from tests.support.forks import fork_python
from tests.support.processes import environment
from tests.support.samples import URI, outlet, release
from tests.support.threads import PATIENCE
from workers import intake

NAME = f"{URI} v1"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], dict[str, ReadableSpan]]]:
    """The spans of this process so far, by name."""
    monkeypatch.setenv("FANWIRE_TRACES_URL", "http://collector.example:4318/v1/traces")
    monkeypatch.setenv("FANWIRE_ALLOWED_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("FANWIRE_RETRY_BASE", "3600")  # so that no delivery is tried twice meanwhile
    settings.cache_clear()
    exporter = InMemorySpanExporter()
    tracing.use(SimpleSpanProcessor(exporter))
    yield lambda: {span.name: span for span in exporter.get_finished_spans()}
    tracing.use(None)


def run_all_stages() -> None:
    with ledger.write() as connection:
        outlets.put(connection, [outlet("a"), outlet("b", languages=["de"])], time.time())
    new: list[int] = []
    body = release().model_dump_json(exclude_none=True).encode()
    receipt = intake.take_in(body, new=lambda number, _: new.append(number))
    assert receipt.status == "accepted"
    [number] = new
    pipeline.plan(number)
    pipeline.translate(number, "de")
    pipeline.format(number, "en")
    pipeline.deliver()


def test_all_stages_of_a_release_are_one_trace(
    celery: Celery, sqlite: None, warm_reader: Any, monkeypatch: pytest.MonkeyPatch,
    translation_file: Callable[[str], Path], spans: Callable[[], dict[str, ReadableSpan]],
) -> None:  # fmt: skip
    monkeypatch.setattr(intake, "reader", warm_reader)
    translation_file("engines: {}")
    run_all_stages()
    found = spans()
    assert set(found) == {"release", "plan", "translate", "format", "deliver"}
    trace, root = tracing.ids(NAME)
    assert {span.context.trace_id for span in found.values()} == {trace}
    assert (found["release"].context.span_id, found["release"].parent) == (root, None)
    assert {span.parent.span_id for name, span in found.items() if name != "release"} == {root}
    assert found["deliver"].attributes == {"fanwire.release": NAME, "fanwire.failed": 1}
    assert (found["translate"].attributes or {})["fanwire.language"] == "de"
    assert all((span.end_time or 0) >= (span.start_time or 0) > 1.7e18 for span in found.values())


def test_nothing_is_noted_unless_somebody_asks_for_it(
    spans: Callable[[], dict[str, ReadableSpan]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FANWIRE_TRACES_URL")
    settings.cache_clear()
    tracing.root(NAME, 1.0)
    tracing.stage("plan", NAME, 1.0)
    assert spans() == {}


def test_off_it_loads_nothing(tmp_path: Path) -> None:
    code = """if True:
        import sys
        from tasks.runtime import tracing
        tracing.stage("plan", "x", 1.0)
        print("opentelemetry" in sys.modules)"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.stdout == "False\n", done.stderr


def test_each_version_is_a_trace_of_its_own() -> None:
    assert tracing.ids(f"{URI} v1") == tracing.ids(f"{URI} v1") != tracing.ids(f"{URI} v2")


def test_a_process_that_ends_sends_its_spans_over_http(tmp_path: Path) -> None:
    received: list[tuple[str, bytes]] = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/v1/traces"
        code = f"from tasks.runtime import tracing; tracing.stage('plan', {NAME!r}, 1.0); tracing.flush()"
        log = tmp_path / "log"
        assert fork_python(code, environment(tmp_path, TRACES_URL=url), log).wait(PATIENCE) == 0, log.read_text()
        server.shutdown()
    [(path, body)] = received
    assert path == "/v1/traces"
    assert tracing.ids(NAME)[0].to_bytes(16) in body
