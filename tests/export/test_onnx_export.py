"""Export of any torch module: what a good file is, and what is refused."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")
pytest.importorskip("onnxscript", reason="needs onnxscript: pip install 'semradio[train]'")

import onnx
import onnxruntime  # type: ignore[import-untyped]
import torch
from torch import Tensor, nn

from semradio.blocks.errors import ModelError
from semradio.blocks.neural.model_card import ModelCard
from semradio.blocks.neural.model_file import read_card
from semradio.export.onnx_export import export_onnx
from semradio.export.operator_library import read_once
from semradio.export.parity import example_batches, measured_parity
from semradio.export.recipes.arn.networks import ImageReceiver, SemanticReceiver

CARD = ModelCard(name="my/model", role="custom", summary="A model of a user's own.")


def frames(count: int = 8, width: int = 23) -> Tensor:
    return torch.randn((count, width), generator=torch.Generator().manual_seed(0))


class TwoWays(nn.Module):
    """Two inputs and two outputs, with a layer that behaves otherwise in training."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Sequential(nn.Linear(23, 5), nn.Dropout(0.5), nn.Tanh())

    def forward(self, signal: Tensor, gain: Tensor) -> tuple[Tensor, Tensor]:
        return self.layer(signal) * gain, self.layer(signal).argmax(dim=1)


class Noisy(nn.Module):
    def __init__(self, strength: float) -> None:
        super().__init__()
        self.strength = strength

    def forward(self, x: Tensor) -> Tensor:
        return x + self.strength * torch.randn_like(x)


class BatchPower(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * x.square().mean().rsqrt()


class FixedBatch(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(8, 23) * 2.0


class Sum(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sum()


class SquareRoot(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sqrt()


class BranchesOnValues(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        values = x.tolist()
        return x if values[0][0] > 1e9 else -x


def run_file(path: Path, feed: dict[str, Any]) -> list[Any]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return list(session.run(None, feed))


@pytest.fixture(scope="module")
def two_ways(tmp_path_factory: pytest.TempPathFactory) -> tuple[TwoWays, Path, ModelCard]:
    module = TwoWays().train()
    path = tmp_path_factory.mktemp("two_ways") / "deeper" / "model.onnx"
    card = export_onnx(
        module,
        path,
        inputs={"signal": frames(), "gain": frames(8, 1)},
        outputs=["scaled", "largest"],
        card=CARD,
    )
    return module, path, card


def test_any_module_runs_at_any_batch_size(two_ways: tuple[TwoWays, Path, ModelCard]) -> None:
    module, path, _ = two_ways
    for count in (1, 3, 64):
        signal, gain = frames(count), frames(count, 1)
        scaled, largest = run_file(path, {"signal": signal.numpy(), "gain": gain.numpy()})
        expected = module.eval()(signal, gain)
        np.testing.assert_allclose(scaled, expected[0].detach().numpy(), atol=1e-5)
        np.testing.assert_array_equal(largest, expected[1].numpy())
        module.train()


def test_inputs_and_outputs_have_their_names_and_a_free_batch(
    two_ways: tuple[TwoWays, Path, ModelCard],
) -> None:
    session = onnxruntime.InferenceSession(two_ways[1], providers=["CPUExecutionProvider"])
    assert [value.name for value in session.get_inputs()] == ["signal", "gain"]
    assert [value.name for value in session.get_outputs()] == ["scaled", "largest"]
    for value in (*session.get_inputs(), *session.get_outputs()):
        assert isinstance(value.shape[0], str)


def test_the_file_stands_alone(two_ways: tuple[TwoWays, Path, ModelCard]) -> None:
    path = two_ways[1]
    assert list(path.parent.iterdir()) == [path]
    model = onnx.load(path, load_external_data=False)
    assert not any(weight.external_data for weight in model.graph.initializer)
    assert model.ir_version <= 10
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 18)]


def test_the_file_tells_nothing_of_the_maker_s_machine(
    two_ways: tuple[TwoWays, Path, ModelCard],
) -> None:
    content = two_ways[1].read_bytes()
    assert b"stack_trace" not in content
    assert str(Path(__file__).parent).encode() not in content
    assert b".py" not in content


def test_the_card_states_what_was_measured(two_ways: tuple[TwoWays, Path, ModelCard]) -> None:
    module, path, card = two_ways
    assert read_card(path) == card
    assert card.name == "my/model"
    assert card.parity.keys() == {"scaled", "largest"}
    assert 0.0 <= card.parity["scaled"] <= 1e-5
    assert card.parity["largest"] == 0.0
    assert card.parameters == 23 * 5 + 5
    assert card.versions["torch"] == torch.__version__
    assert module.training


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    export_onnx(
        nn.Linear(23, 2), tmp_path / "m.onnx", inputs={"x": frames()}, outputs=["y"], card=CARD
    )
    assert capfd.readouterr() == ("", "")


def test_a_rounded_image_is_compared_in_levels(tmp_path: Path) -> None:
    card = export_onnx(
        ImageReceiver(SemanticReceiver()),
        tmp_path / "decoder.onnx",
        inputs={"x": frames()},
        outputs=["image", "pixels"],
        card=CARD,
        levels=1,
        compared=["pixels"],
    )
    assert card.parity["image"] in {0.0, 1.0}
    assert card.parity["pixels"] < 1e-5
    (image,) = run_file(tmp_path / "decoder.onnx", {"x": frames(3).numpy()})
    assert image.dtype == np.uint8
    assert image.shape == (3, 28, 28)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (Noisy(1.0), "draws random numbers: output 'y' differs between two runs"),
        (Noisy(0.0), r"draws random numbers \(RandomNormalLike\)"),
        (BatchPower(), "of an item depends on the other items of its batch"),
        (FixedBatch(), "does not run at batch size 1"),
        (Sum(), r"output 'y' has shape \[\] for a batch of 1"),
        (TwoWays(), "does not run at batch size 1"),
        (SquareRoot(), "output 'y' is NaN or infinite for the examples, with finite weights"),
        (BranchesOnValues(), "torch cannot export 'my/model' to ONNX"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_a_module_that_cannot_stream_is_refused(
    module: nn.Module, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "refused.onnx"
    with pytest.raises(ModelError, match=words):
        export_onnx(module, path, inputs={"x": frames()}, outputs=["y"], card=CARD)
    assert not path.exists()


def test_random_numbers_of_the_user_are_left_alone(tmp_path: Path) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    with pytest.raises(ModelError, match="random"):
        export_onnx(
            Noisy(1.0), tmp_path / "m.onnx", inputs={"x": frames()}, outputs=["y"], card=CARD
        )
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("example", [frames(1), torch.ones(8, 23), torch.tensor(1.0)])
def test_an_example_that_could_show_nothing_is_refused(example: Tensor, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="input 'x' needs at least two different rows"):
        export_onnx(
            BatchPower(), tmp_path / "m.onnx", inputs={"x": example}, outputs=["y"], card=CARD
        )


def test_the_number_of_output_names_must_fit(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="gives 1 outputs, but 2 names were given: y, z"):
        export_onnx(
            nn.ReLU(), tmp_path / "m.onnx", inputs={"x": frames()}, outputs=["y", "z"], card=CARD
        )


def test_an_opset_that_torch_does_not_give_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="opset 11 and came out in 18"):
        export_onnx(
            nn.Linear(23, 2),
            tmp_path / "m.onnx",
            inputs={"x": frames()},
            outputs=["y"],
            card=CARD,
            opset=11,
        )


def test_a_file_of_other_weights_does_not_pass(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    export_onnx(nn.Linear(23, 2), path, inputs={"x": frames()}, outputs=["y"], card=CARD)
    batches = example_batches({"x": frames()}, (1, 7), "other")
    with pytest.raises(ModelError, match=r"'other': output 'y' differs by .* at batch size 1"):
        measured_parity(
            nn.Linear(23, 2),
            path.read_bytes(),
            batches,
            ["y"],
            name="other",
            tolerance=1e-5,
            levels=0,
        )


class Rounded(nn.Module):
    """Pixels that are rounded, all of them one too bright or right."""

    def __init__(self, excess: float) -> None:
        super().__init__()
        self.excess = nn.Parameter(torch.tensor(excess))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (100 + 10 * torch.tanh(x) + self.excess).round().to(torch.uint8)


def test_rounded_values_that_differ_by_one_are_told_of_levels(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    export_onnx(Rounded(1.0), path, inputs={"x": frames()}, outputs=["y"], card=CARD, levels=1)
    batches = example_batches({"x": frames()}, (1, 7), "pixels")
    compare = partial(measured_parity, Rounded(0.0), path.read_bytes(), batches, ["y"])
    with pytest.raises(ModelError, match=r"differs by 1 .*allowed: 0; .*'levels=1' allows"):
        compare(name="pixels", tolerance=1e-5, levels=0)
    assert compare(name="pixels", tolerance=1e-5, levels=1) == {"y": 1.0}


def test_a_refused_export_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"old")
    with pytest.raises(ModelError):
        export_onnx(BatchPower(), path, inputs={"x": frames()}, outputs=["y"], card=CARD)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_mixed_rows_stay_within_the_examples() -> None:
    example = torch.tensor([[0.0, 10.0], [1.0, 20.0], [0.5, 30.0]])
    (batch,) = example_batches({"x": example}, (500,), "m")
    for column in (0, 1):
        assert float(batch["x"][:, column].min()) >= float(example[:, column].min())
        assert float(batch["x"][:, column].max()) <= float(example[:, column].max())
    whole = torch.tensor([[1, 2], [3, 4]], dtype=torch.uint8)
    (rows,) = example_batches({"x": whole}, (50,), "m")
    assert {tuple(row) for row in rows["x"].tolist()} == {(1, 2), (3, 4)}


def test_weights_of_16_bits_halve_the_file_and_compute_with_32(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(23, 400), nn.ReLU(), nn.Linear(400, 10))
    sizes = {}
    for half in (False, True):
        path = tmp_path / f"{half}.onnx"
        card = export_onnx(
            network, path, inputs={"x": frames()}, outputs=["y"], card=CARD, half=half
        )
        assert card.parity["y"] <= 1e-5
        sizes[half] = path.stat().st_size
    assert sizes[True] <= 0.6 * sizes[False]
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {"x": frames().numpy()})
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(weight.half().float())
        expected = network(frames())
    np.testing.assert_allclose(y, expected, atol=1e-5)
    assert y.dtype == np.float32


def test_an_output_may_be_compared_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    card = export_onnx(
        TwoWays(),
        path,
        inputs={"signal": frames(), "gain": frames(width=1)},
        outputs=["scaled", "best"],
        card=CARD,
        compared=["scaled"],
    )
    assert set(card.parity) == {"scaled", "best"}
    assert [value.name for value in onnx.load(path).graph.output] == ["best"]


def test_the_exporter_reads_its_operators_once() -> None:
    from torch.onnx._internal._lazy_import import onnxscript_apis

    assert read_once(), "the exporter has changed: see where it reads its library of operators"
    first = onnxscript_apis.get_torchlib_ops()
    assert len(first) > 100
    assert onnxscript_apis.get_torchlib_ops() is first


def test_operators_that_others_add_stay_theirs() -> None:
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    assert read_once()
    mine, yours = (ONNXRegistry.from_torchlib(opset_version=18) for _ in range(2))
    before = len(yours.get_decomps(torch.ops.aten.relu.default))
    mine.register_op(torch.ops.aten.relu.default, lambda x: x)
    assert len(mine.get_decomps(torch.ops.aten.relu.default)) == before + 1
    assert len(yours.get_decomps(torch.ops.aten.relu.default)) == before
    assert ONNXRegistry.from_torchlib(opset_version=20).opset_version == 20


class Cases(nn.Module):
    """A linear layer, and what a case makes of it."""

    def __init__(self, then: Any) -> None:
        super().__init__()
        self.layer = nn.Linear(23, 4)
        self.then = then

    def forward(self, x: Tensor) -> Any:
        return self.then(self.layer(x))


def test_a_weight_that_is_nan_is_named(tmp_path: Path) -> None:
    module = Cases(torch.tanh)
    with torch.no_grad():
        module.layer.weight[0, 0] = torch.nan
    with pytest.raises(
        ModelError, match=r"'y' is NaN or infinite for the examples: the weight 'layer\.w"
    ):
        export_onnx(module, tmp_path / "m.onnx", inputs={"x": frames()}, outputs=["y"], card=CARD)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (lambda y: y.tolist(), "returns a list|returns a float"),
        (lambda y: {"y": y}, "returns a dict: a tensor, or a tuple of tensors"),
        (lambda y: y if y.mean() > -99 else 2 * y, "torch cannot export .*data.dependent"),
        (
            lambda y: y + 3e-5 * y.mean().sign() * (len(y) > 1),
            r"depends on the other items .* where that is but rounding.* 'tolerance' allows more",
        ),
    ],
)
def test_what_a_module_of_ones_own_gets_wrong(tmp_path: Path, then: Any, words: str) -> None:
    with pytest.raises(ModelError, match=words) as e:
        export_onnx(
            Cases(then), tmp_path / "m.onnx", inputs={"x": frames()}, outputs=["y"], card=CARD
        )
    assert "\x1b" not in str(e.value)


@pytest.mark.parametrize(
    ("path", "inputs", "outputs", "words"),
    [
        ("m", {"x": frames()}, ["y"], r"must end in \.onnx"),
        ("m.onnx", [frames()], ["y"], "the names that the block's ports shall have"),
        ("m.onnx", {"x": frames()}, "y", "the names that the block's ports shall have"),
        ("m.onnx", {"x": frames().numpy()}, ["y"], "'x' must be a torch tensor, not a ndarray"),
    ],
)
def test_what_is_given_wrongly(
    tmp_path: Path, path: str, inputs: Any, outputs: Any, words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        export_onnx(nn.Linear(23, 4), tmp_path / path, inputs=inputs, outputs=outputs, card=CARD)


def test_a_path_may_be_text(tmp_path: Path) -> None:
    path = str(tmp_path / "m.onnx")
    export_onnx(nn.Linear(23, 4), path, inputs={"x": frames()}, outputs=["y"], card=CARD)
    assert read_card(Path(path)).name == CARD.name
