"""What the runtime's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

BLOCKS = Path(__file__).with_name("blocks_for_tests.py")

PIPE = f"""
flowgraph: pipe
code: [{BLOCKS}]
variables: {{items: 1000, queue: 256, policy: block}}
blocks:
  source: {{block: count_source, items: "${{items}}"}}
  double: {{block: multiply_const, constant: 2.0}}
  air:    {{block: awgn_channel, snr_db: 10, seed: 3}}
  sum:    {{block: add}}
  frames: {{block: stream_to_vector, length: 5}}
  flat:   {{block: vector_to_stream}}
  sink:   {{block: digest_sink}}
  side:   {{block: digest_sink}}
connections:
  - connect: source -> double -> air -> sum.x[0]
    queue: ${{queue}}
  - source -> sum.x[1]
  - sum -> frames -> flat -> sink
  - air -> side
processes:
  one:   [source]
  two:   [double, air]
  three: [sum, frames]
  four:  [flat, sink, side]
"""


@pytest.fixture(scope="session")
def pipe() -> str:
    """A flowgraph of four processes with a fork, a join, noise, rate changes and tags."""
    return PIPE
