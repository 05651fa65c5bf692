"""Small untrained models for links over the MIMO interference channel, written as ONNX files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from semradio.blocks.neural.model_card import METADATA_KEY, ModelCard

PIXELS = 784
ALL_LINKS = ("re_im", "receiver", "transmitter", "rx_antenna", "tx_antenna")
OWN_LINKS = ("re_im", "transmitter", "rx_antenna", "tx_antenna")


@dataclass(frozen=True)
class Models:
    """What the models of a family are like."""

    users: int = 2
    rows: int = 2
    """Antennas of a frame, or its streams."""
    slots: int = 16
    antennas: tuple[int, int] = (2, 2)
    """Receive and transmit antennas of the channel state that they take."""
    transmitter_h: str | None = None
    """``all``, ``own`` (row of H) or None."""
    receiver_h: str | None = "all"
    snr_db: bool = False
    """Whether the receiver takes it."""
    streams: bool = False
    """Whether the rows are streams."""
    exact: bool = False
    """Whether the transmitter is such that its frames do not depend on the batch, to the bit."""
    card: bool = True
    axes: dict[str, tuple[str, ...]] | None = None
    """Told instead of the right ones."""

    def write(self, folder: Path) -> Path:
        """Write transmitter_1.onnx, receiver_1.onnx, ... for all users; returns the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for user in range(self.users):
            self.transmitter(folder / f"transmitter_{user + 1}.onnx", user)
            self.receiver(folder / f"receiver_{user + 1}.onnx", user)
        return folder

    def transmitter(self, path: Path, user: int = 0) -> Path:
        """Write a model that gives a frame of energy rows x slots."""
        parts = [("image", (28, 28), TensorProto.UINT8), *self._state(self.transmitter_h)]
        reals = 2 * self.rows * self.slots
        if self.exact:
            nodes, last = _first_pixels()
        else:
            nodes, last = _mixed(parts, reals, seed=user)
            nodes += [
                ("ReduceL2", [last], ["norm"], {"axes": [1], "keepdims": 1}),
                ("Div", [last, "norm"], ["unit"]),
            ]
            last = "unit"
        nodes += [("Mul", [last, "amplitude"], ["scaled"]), ("Reshape", ["scaled", "frame"], ["x"])]
        constants = {
            "begin": np.array([300]),
            "end": np.array([300 + reals]),
            "along": np.array([1]),
            "middle": np.float32(127.5),
            "amplitude": np.float32(1 / 127.5 if self.exact else np.sqrt(self.rows * self.slots)),
            "frame": np.array([-1, 2, self.rows, self.slots]),
        }
        output = ("x", (2, self.rows, self.slots), TensorProto.FLOAT)
        axes = {"x": ("re_im", "stream" if self.streams else "tx_antenna", "slot")}
        return self._save(path, parts, nodes, output, constants, "transmitter", axes, user)

    def receiver(self, path: Path, user: int = 0) -> Path:
        """Write a model that gives an image."""
        parts = [
            ("y", (2, self.rows, self.slots), TensorProto.FLOAT),
            *self._state(self.receiver_h),
            *([("snr_db", (1,), TensorProto.FLOAT)] if self.snr_db else []),
        ]
        nodes, last = _mixed(parts, PIXELS, seed=100 + user)
        nodes += [
            ("Sigmoid", [last], ["share"]),
            ("Mul", ["share", "levels"], ["level"]),
            ("Round", ["level"], ["whole"]),
            ("Mul", ["whole", "step"], ["grey"]),
            ("Cast", ["grey"], ["bytes"], {"to": TensorProto.UINT8}),
            ("Reshape", ["bytes", "picture"], ["image"]),
        ]
        # Few levels: how a matrix product rounds for each batch size hardly ever shows.
        constants = {
            "levels": np.float32(5),
            "step": np.float32(51),
            "picture": np.array([-1, 28, 28]),
        }
        output = ("image", (28, 28), TensorProto.UINT8)
        axes = {"y": ("re_im", "stream" if self.streams else "rx_antenna", "slot")}
        return self._save(path, parts, nodes, output, constants, "receiver", axes, user)

    def _state(self, h: str | None) -> list[Any]:
        links = {"all": (2, self.users, self.users), "own": (2, self.users)}
        return [("h", (*links[h], *self.antennas), TensorProto.FLOAT)] if h else []

    def _save(
        self,
        path: Path,
        inputs: Sequence[Any],
        nodes: Sequence[Any],
        output: Any,
        constants: dict[str, np.ndarray],
        end: str,
        axes: dict[str, tuple[str, ...]],
        user: int,
    ) -> Path:
        weights = {n[1][1]: n[3]["weights"] for n in nodes if n[0] == "MatMul"}
        made = [
            helper.make_node(n[0], n[1], n[2], **(n[3] if len(n) > 3 and n[0] != "MatMul" else {}))
            for n in nodes
        ]
        ports = [
            helper.make_tensor_value_info(name, element, ["batch", *shape])
            for name, shape, element in (*inputs, output)
        ]
        shared = {"scale": np.float32(1 / 255), "flat": np.array([0, -1])}
        graph = helper.make_graph(
            made,
            end,
            ports[:-1],
            ports[-1:],
            [
                numpy_helper.from_array(np.asarray(v), k)
                for k, v in {**shared, **constants, **weights}.items()
            ],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
        if self.card:
            for name, shape, _ in inputs:
                if name == "h":
                    axes["h"] = ALL_LINKS if len(shape) == len(ALL_LINKS) else OWN_LINKS
            card = ModelCard(
                name=path.stem,
                role=f"irsc_{end}",
                users=self.users,
                user=user,
                axes=axes if self.axes is None else self.axes,
            )
            helper.set_model_props(model, {METADATA_KEY: card.to_json()})
        onnx.save(model, path)
        return path

    def but(self, **changes: Any) -> Models:
        """Return models that differ in what is named."""
        return replace(self, **changes)


def _first_pixels() -> tuple[list[Any], str]:
    """Return the nodes that take some pixels of the image, less the middle grey."""
    return [
        ("Reshape", ["image", "flat"], ["line"]),
        ("Slice", ["line", "begin", "end", "along"], ["few"]),
        ("Cast", ["few"], ["numbers"], {"to": TensorProto.FLOAT}),
        ("Sub", ["numbers", "middle"], ["levels"]),
    ], "levels"


def _mixed(parts: Sequence[Any], width: int, seed: int) -> tuple[list[Any], str]:
    """Return the nodes of ``sum over inputs of tanh(input) @ weights``, and their output."""
    nodes: list[Any] = []
    for k, (name, shape, element) in enumerate(parts):
        size = int(np.prod(shape))
        # Seeded by the input too: a model that leaves one out is the same in all others.
        random = np.random.default_rng([seed, *name.encode()])
        weights = random.standard_normal((size, width)).astype(np.float32) / np.sqrt(size)
        last = name
        if element == TensorProto.UINT8:
            nodes += [
                ("Cast", [last], [f"{name}_float"], {"to": TensorProto.FLOAT}),
                ("Mul", [f"{name}_float", "scale"], [f"{name}_unit"]),
            ]
            last = f"{name}_unit"
        nodes += [
            ("Reshape", [last, "flat"], [f"{name}_flat"]),
            ("Tanh", [f"{name}_flat"], [f"{name}_tanh"]),
            (
                "MatMul",
                [f"{name}_tanh", f"{name}_weights"],
                [f"{name}_mixed"],
                {"weights": weights.astype(np.float32)},
            ),
        ]
        if k:
            nodes.append(("Add", [f"sum_{k - 1}", f"{name}_mixed"], [f"sum_{k}"]))
        else:
            nodes.append(("Identity", [f"{name}_mixed"], ["sum_0"]))
    return nodes, f"sum_{len(parts) - 1}"
