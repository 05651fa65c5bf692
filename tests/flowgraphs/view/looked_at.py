"""A flowgraph to look at, in a process of its own, and what tests do to look."""

from __future__ import annotations

import time
from pathlib import Path

from semradio.flowgraphs.view.feed import Feed, Frame

BLOCKS = Path(__file__).with_name("blocks_for_tests.py")


def frames(feed: Feed, *ports: str, count: int = 3) -> dict[str, list[Frame]]:
    """Return ``count`` frames or more of each port."""
    found: dict[str, list[Frame]] = {port: [] for port in ports}
    deadline = time.monotonic() + 120
    while min(map(len, found.values())) < count:
        assert time.monotonic() < deadline, {port: len(f) for port, f in found.items()}
        for frame in feed.poll():
            found[frame.port].append(frame)
    return found


LOOKED_AT = f"""
flowgraph: looked_at
doc: Counts up, through a fork, a join, noise, changes of rate and tags.
code: [{BLOCKS}]
variables: {{items: 100000000, rate: 20000.0}}
blocks:
  source: {{block: count_source, items: "${{items}}"}}
  pace:   {{block: throttle, rate: "${{rate}}"}}
  double: {{block: multiply_const, constant: 2.0}}
  air:    {{block: awgn_channel, snr_db: 10, seed: 3}}
  sum:    {{block: add}}
  frames: {{block: stream_to_vector, length: 5}}
  flat:   {{block: vector_to_stream}}
  sink:   {{block: digest_sink}}
  side:   {{block: digest_sink}}
connections:
  - source -> pace -> double -> air -> sum.x[0]
  - pace -> sum.x[1]
  - sum -> frames -> flat -> sink
  - air -> side
processes:
  one:   [source, pace]
  two:   [double, air]
  three: [sum, frames]
  four:  [flat, sink, side]
"""
"""Runs until it is stopped: how long it takes to look at it varies on a busy machine."""
