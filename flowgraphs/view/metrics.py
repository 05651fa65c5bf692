"""How a run stands, for Prometheus: ``GET /metrics`` in its text format, names by its conventions.

Served on the loopback unless told otherwise. A page of another site that has itself resolved to
this host is refused, by the name that its browser asks for.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from semradio.blocks.endpoint import stays_here
from semradio.blocks.errors import ParameterError, SemradioError
from semradio.flowgraphs.runtime.change import Steerable
from semradio.flowgraphs.runtime.failure import RunError
from semradio.flowgraphs.runtime.watch import EdgeStatus, Status

LOOPBACK = "127.0.0.1"

_NAMES = ("localhost", "127.0.0.1", "[::1]")
"""What this host may be called by those who ask for it over the loopback."""


_PORT = re.compile(r":\d+$")


class MetricsServer:
    """Serves the figures of one run, in a thread of its own.

    Args:
        address: a port of the loopback, or ``HOST:PORT``; port 0 takes any that is free.

    Raises:
        ParameterError: the address cannot be read.
        RunError: it cannot be listened on.
    """

    def __init__(self, address: str | int) -> None:
        host, port = _read(str(address))
        self._figures = Figures()
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self._figures)
        app = make_wsgi_app(registry)
        try:
            self._server = make_server(
                host,
                port,
                _for_this_host(app) if stays_here(f"tcp://{host}:{port}") else app,
                WSGIServer,
                _Silent,
            )
        except OSError as error:
            raise RunError(
                f"--metrics: cannot listen on {host}:{port}: {error.strerror}"
            ) from error
        self.port = self._server.server_port
        self._thread: threading.Thread | None = None

    def serve(self, host: Steerable) -> None:
        """Answer requests for a run that has begun."""
        self._figures.host = host
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class Figures(Collector):
    """Asks a run how it stands whenever somebody wants to know."""

    def __init__(self) -> None:
        self.host: Steerable | None = None

    def collect(self) -> Iterator[Metric]:
        """Give all figures; none where the run does not tell any."""
        if self.host is None:
            return
        try:
            what, status = self.host.running(), self.host.status()
        except SemradioError:
            return
        info = InfoMetricFamily("semradio_run", "What runs.")
        info.add_metric([], {"flowgraph": what.flowgraph, "process": what.process or ""})
        yield info
        elapsed = GaugeMetricFamily("semradio_run_elapsed_seconds", "Since the streams began.")
        elapsed.add_metric([], status.elapsed_s)
        yield elapsed
        draining = GaugeMetricFamily("semradio_run_draining", "1 once the sources were stopped.")
        draining.add_metric([], status.state == "draining")
        yield draining
        yield from _processes(status)
        yield from _blocks(status)
        yield from _edges(status)
        yield from _results(status)


def _processes(status: Status) -> Iterator[Metric]:
    yield from _families(
        status.processes,
        ["process"],
        lambda p: [p.name],
        [
            ("semradio_process_cpu_seconds_total", "CPU time.", lambda p: p.cpu_s),
            ("semradio_process_resident_memory_bytes", "Memory in use.", lambda p: p.rss_bytes),
            (
                "semradio_process_waited_seconds_total",
                "Time with nothing to do.",
                lambda p: p.waited_s,
            ),
            ("semradio_process_answers", "0 where it does not answer.", lambda p: not p.silent),
        ],
    )


def _blocks(status: Status) -> Iterator[Metric]:
    yield from _families(
        status.blocks,
        ["process", "block"],
        lambda b: [b.process, b.name],
        [
            ("semradio_block_items_in_total", "Items taken.", lambda b: b.items_in),
            ("semradio_block_items_out_total", "Items given.", lambda b: b.items_out),
            ("semradio_block_busy_seconds_total", "Time at work, estimated.", lambda b: b.busy_s),
        ],
    )


def _edges(status: Status) -> Iterator[Metric]:
    def ends(edge: EdgeStatus) -> list[str]:
        return [edge.source, edge.target]

    yield from _families(
        status.edges,
        ["source", "target"],
        ends,
        [
            ("semradio_edge_items_total", "Items that arrived.", lambda e: e.received),
            ("semradio_edge_dropped_items_total", "Items dropped.", lambda e: e.dropped),
            ("semradio_edge_held_seconds_total", "Waiting for room.", lambda e: e.held_s),
            ("semradio_edge_starved_seconds_total", "Waiting for items.", lambda e: e.starved_s),
            ("semradio_edge_queue_items", "Items that wait or are under way.", lambda e: e.fill),
            ("semradio_edge_kept_items", "Sent, and kept for the receiver.", lambda e: e.kept),
        ],
    )
    yield from _families(
        [edge for edge in status.edges if edge.kept_most is not None],
        ["source", "target"],
        ends,
        [("semradio_edge_kept_most_items", "Items that are kept at most.", lambda e: e.kept_most)],
    )
    yield from _families(
        [edge for edge in status.edges if edge.capacity is not None],
        ["source", "target"],
        ends,
        [("semradio_edge_queue_capacity_items", "Room for items.", lambda e: e.capacity)],
    )


def _results(status: Status) -> Iterator[Metric]:
    found = GaugeMetricFamily(
        "semradio_result", "What a block has found out so far.", labels=["block", "name"]
    )
    for block, figures in status.metrics.items():
        for name, value in figures.items():
            if isinstance(value, int | float):
                found.add_metric([block, name], value)
    yield found


Row = tuple[str, str, Callable[[Any], Any]]
"""Name of a family, what it is, and its value of a part."""


def _families(
    parts: Iterable[Any],
    labels: list[str],
    of: Callable[[Any], list[str]],
    rows: Iterable[Row],
) -> Iterator[Metric]:
    """Give one family a row, with one value a part."""
    parts = list(parts)
    for name, doc, value in rows:
        kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
        family = kind(name, doc, labels=labels)
        for part in parts:
            family.add_metric(of(part), float(value(part)))
        yield family


def _for_this_host(app: Any) -> Any:
    """Return an application that answers nobody who calls this host by a foreign name."""

    def checked(environ: dict[str, Any], start_response: Any) -> Any:
        if _PORT.sub("", environ.get("HTTP_HOST", "")) in _NAMES:
            return app(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain")])
        return [b"this is served to this host only\n"]

    return checked


class _Silent(WSGIRequestHandler):
    """Says nothing of what it answers."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _read(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise ParameterError(
            f"metrics: '{address}' is no port; write 9464 (this host) or 0.0.0.0:9464 (whoever "
            "reaches this host may read the figures)"
        )
    return host or LOOPBACK, int(port)
