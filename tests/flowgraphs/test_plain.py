"""Values as plain data, for a message, for JSON, for YAML."""

from __future__ import annotations

import enum
import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from semradio.flowgraphs.plain import for_json, for_message, for_yaml


class Colour(enum.IntEnum):
    RED = 3


def test_messages_take_what_numpy_has() -> None:
    value = {"a": np.float32(0.5), "b": np.arange(3), "c": b"\x01"}
    assert msgspec.json.encode(value, enc_hook=for_message) == b'{"a":0.5,"b":[0,1,2],"c":"AQ=="}'
    with pytest.raises(TypeError, match="complex is not plain data"):
        msgspec.json.encode(1j, enc_hook=for_message)


def test_json_has_no_nan_and_no_infinity() -> None:
    value = {1: (math.nan, np.float64("inf")), "a": np.array([1.0, -math.inf]), "b": True}
    assert for_json(value) == {"1": [None, None], "a": [1.0, None], "b": True}


def test_yaml_has_its_own_kinds() -> None:
    value = {"p": Path("a/b"), "n": np.int16(3), "x": (np.ones(2), None), "e": Colour.RED}
    found = for_yaml(value)
    assert found == {"p": "a/b", "n": 3, "x": [[1.0, 1.0], None], "e": 3}
    assert [type(found[key]) for key in "ne"] == [int, int]
    assert math.isnan(for_yaml(math.nan))


@pytest.mark.parametrize("value", [1j, {1: 2}, object(), [b"x"]])
def test_what_yaml_has_not(value: Any) -> None:
    with pytest.raises(TypeError):
        for_yaml(value)
