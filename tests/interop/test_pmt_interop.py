"""PMT values of every type, as GNU Radio's own ``pmt`` writes and reads them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.gnuradio import pmt
from semradio.blocks.gnuradio.pmt import Pair, PairList, UInt64


def array(dtype: str, *values: Any) -> np.ndarray:
    return np.array(values, dtype)


ENTRIES = {"b": "x", "a": 9}

VALUES: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    "symbol": "Grüße",
    "empty symbol": "",
    "int32": -(2**31),
    "int64": 2**31,
    "least int64": -(2**63),
    "uint64": UInt64(2**64 - 1),
    "double": -0.1,
    "complex": 1.5 - 2j,
    "pair": Pair("a", 1),
    "list": PairList([1, 2, 3]),
    "tuple": (1, True),
    "vector": [None, 1.5, None],
    "dict": ENTRIES,
    "empty dict": None,
    "pdu": Pair(ENTRIES, array("u1", 1, 2, 3)),
    "bare pdu": Pair(None, array("f4", 0.5, -1.0)),
    "u8": array("u1", 0, 255),
    "s8": array("i1", -128, 127),
    "u16": array("u2", 0, 2**16 - 1),
    "s16": array("i2", -(2**15), 2**15 - 1),
    "u32": array("u4", 0, 2**32 - 1),
    "s32": array("i4", -(2**31), 2**31 - 1),
    "u64": array("u8", 0, 2**64 - 1),
    "s64": array("i8", -(2**63), 2**63 - 1),
    "f32": array("f4", 0.5, -2.0),
    "f64": array("f8", 0.1, -1e300),
    "c32": array("c8", 1 + 2j, -0.5j),
    "c64": array("c16", 1 + 2j, -0.1j),
    "no u8": array("u1"),
}


def same(a: Any, b: Any) -> bool:
    """Whether two values are the same, types included."""
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.tobytes() == b.tobytes()
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@pytest.fixture(scope="module")
def real(gnuradio: str) -> dict[str, Any]:
    """What GNU Radio makes itself, and what it makes of our bytes."""
    ours = [pmt.serialize(value).hex() for value in VALUES.values()]
    found = subprocess.run(
        [gnuradio, str(Path(__file__).with_name("pmt_peer.py"))],
        input="\n".join(ours),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    answer = json.loads(found.stdout)
    return {"made": dict(answer["made"]), "again": dict(zip(VALUES, answer["again"], strict=True))}


def test_every_value_is_tried(real: dict[str, Any]) -> None:
    assert list(real["made"]) == list(VALUES)


@pytest.mark.parametrize("name", VALUES)
def test_value(name: str, real: dict[str, Any]) -> None:
    raw = bytes.fromhex(real["made"][name])
    assert pmt.serialize(VALUES[name]) == raw
    assert same(pmt.deserialize(raw), VALUES[name])
    assert bytes.fromhex(real["again"][name]) == raw
