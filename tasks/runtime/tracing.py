"""One trace a release, for OpenTelemetry: off, and free of cost, unless `FANWIRE_TRACES_URL` says where spans go.

Messages carry ids and no context, so the trace is known by the name of the release: whoever works on the release makes
the same trace id of it. What intake did is the root; each stage is a child of that, noted when it is done.
"""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import structlog

from tasks.runtime.settings import settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

log = structlog.get_logger()

EXPORT_EVERY = 1.0
"""Seconds between two exports: a process of a pool may end soon."""
FLUSH_WITHIN = 5.0
"""Seconds that a process that ends gives its last spans."""
_root: ContextVar[tuple[int, int] | None] = ContextVar("root", default=None)
"""The ids of the root span that is being made."""
_providers: dict[int, TracerProvider | None] = {}
"""By process: a fork has no thread that exports."""


def ids(release: str) -> tuple[int, int]:
    """The ids of the trace of a release version, named as in logs, and of its root span."""
    digest = sha256(release.encode()).digest()
    return int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:24]) or 1


def root(release: str, began: float, **attributes: Any) -> None:
    """Note the root of the trace of a release version, named as in logs. `began`: seconds since the epoch."""
    if provider := _provider():
        token = _root.set(ids(release))
        try:
            _span(provider, "release", release, began, attributes, root=True)
        finally:
            _root.reset(token)


def stage(name: str, release: str, began: float, **attributes: Any) -> None:
    """Note that a stage of a release version is done. `began`: seconds since the epoch."""
    if provider := _provider():
        _span(provider, name, release, began, attributes, root=False)


def _provider() -> TracerProvider | None:
    url, mine = settings().traces_url, os.getpid()
    if url is None:
        return None
    if mine not in _providers:
        _providers[mine] = _open(url)
    return _providers[mine]


def use(processor: SpanProcessor | None) -> None:
    """Hand the spans of this process to a processor of one's own (tests); None: begin anew."""
    _providers.pop(os.getpid(), None)
    if processor is not None:
        _providers[os.getpid()] = _provider_with(processor)


def flush() -> None:
    """Send the spans of this process that have not been sent; call it before a process of a pool ends."""
    provider = _providers.get(os.getpid())
    if provider is not None:
        provider.force_flush(int(FLUSH_WITHIN * 1000))


def _open(url: str) -> TracerProvider | None:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.error("no traces: FANWIRE_TRACES_URL needs the extra `tracing`; pip install 'fanwire[tracing]'")
        return None
    atexit.register(flush)
    exporter = OTLPSpanExporter(endpoint=url, timeout=FLUSH_WITHIN)
    return _provider_with(BatchSpanProcessor(exporter, schedule_delay_millis=EXPORT_EVERY * 1000))


def _provider_with(processor: SpanProcessor) -> TracerProvider:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider(
        resource=Resource.create({"service.name": "fanwire"}), id_generator=_ids(), shutdown_on_exit=False
    )
    provider.add_span_processor(processor)
    return provider


@cache
def _ids() -> Any:
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class Known(RandomIdGenerator):
        """Gives a root span the ids that everybody makes of the name of its release, and others any."""

        def generate_trace_id(self) -> int:
            known = _root.get()
            return known[0] if known else super().generate_trace_id()

        def generate_span_id(self) -> int:
            known = _root.get()
            return known[1] if known else super().generate_span_id()

    return Known()


def _span(
    provider: TracerProvider, name: str, release: str, began: float, attributes: Mapping[str, Any], *, root: bool
) -> None:
    from opentelemetry import trace

    trace_id, span_id = ids(release)
    parent = trace.SpanContext(trace_id, span_id, is_remote=True, trace_flags=trace.TraceFlags(1))
    context = None if root else trace.set_span_in_context(trace.NonRecordingSpan(parent))
    named = {"fanwire.release": release} | {f"fanwire.{key}": value for key, value in attributes.items()}
    span = provider.get_tracer("fanwire").start_span(
        name, context=context, attributes=named, start_time=int(began * 1e9)
    )
    span.end(max(int(began * 1e9), int(time.time() * 1e9)))
