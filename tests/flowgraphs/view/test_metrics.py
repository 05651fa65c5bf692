"""``semradio run --metrics``: what Prometheus would read, read by its own parser."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from ports import free_port

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs import Flowgraph, RunError

parser = pytest.importorskip(
    "prometheus_client.parser", reason="figures need prometheus_client (extra [view])"
)

Start = Callable[..., Any]


def read(port: int, host: str | None = None) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics")
    if host is not None:
        request.add_header("Host", host)
    with urllib.request.urlopen(request, timeout=120) as answer:
        text: str = answer.read().decode()
        return text


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_figures_of_a_run_are_read(start: Start, looked_at: str) -> None:
    port = free_port()
    start(looked_at, "items=100000000", "--metrics", str(port))
    deadline = time.monotonic() + 120
    first: dict[Any, float] = {}
    while not first.get(("semradio_result", (("block", "sink"), ("name", "items")))):
        assert time.monotonic() < deadline
        first = samples(read(port))
        time.sleep(0.05)
    air = ("semradio_block_items_in_total", (("block", "air"), ("process", "two")))
    while samples(read(port))[air] <= first[air]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert samples(read(port))[
        "semradio_run_info", (("flowgraph", "looked_at"), ("process", ""))
    ] == 1  # fmt: skip
    wanted = [
        ("semradio_process_cpu_seconds_total", (("process", "four"),)),
        ("semradio_process_resident_memory_bytes", (("process", "one"),)),
        ("semradio_edge_items_total", (("source", "air.y"), ("target", "side.x"))),
        ("semradio_edge_queue_capacity_items", (("source", "air.y"), ("target", "side.x"))),
        ("semradio_run_elapsed_seconds", ()),
    ]
    # Of a process that has not answered in time there is nothing yet.
    while not all((found := samples(read(port))).get(each, 0) > 0 for each in wanted):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    kinds = {f.name: f.type for f in parser.text_string_to_metric_families(read(port))}
    assert kinds["semradio_block_items_in"] == "counter"
    assert kinds["semradio_edge_queue_items"] == "gauge"
    # A browser that was led here under another name reads nothing.
    for name in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example"):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            read(port, host=name)
    assert "semradio_run_info" in read(port, host=f"localhost:{port}")
    with pytest.raises(OSError, match=r"refused|unreachable"):
        socket.create_connection((_other_address(), port), timeout=2)


def _other_address() -> str:
    """An address of this host that is not the one figures are served on."""
    return "127.0.0.2"


@pytest.mark.parametrize("address", ["here", "1.2.3.4:", "70000", ""])
def test_an_address_that_is_none_is_refused(looked_at: str, address: str) -> None:
    with pytest.raises(ParameterError, match="is no port"):
        Flowgraph.load(looked_at, allow_code=True).run(metrics=address)


def test_a_port_that_is_taken_is_named(looked_at: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(RunError, match=f"cannot listen on 127.0.0.1:{port}"):
            Flowgraph.load(looked_at, allow_code=True).run(metrics=port)
