"""The model card: written, read, and robust against cards of others."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from semradio.blocks.errors import ModelError
from semradio.blocks.neural.model_card import METADATA_KEY, ModelCard

FULL = ModelCard(
    name="arn/alice",
    role="arn_transmitter",
    system="arn",
    summary="Adds an attack.",
    inputs={"x": "frame"},
    outputs={"y": "protected frame"},
    axes={"x": ("re_im", "tx_antenna", "slot")},
    users=2,
    user=1,
    power_normalisation="E||x||^2 = 1",
    snr_db=10.0,
    dataset="mnist",
    split="train",
    seed=0,
    metrics={"heldout.eve_accuracy": 0.5},
    parity={"y": 3e-8},
    parameters=3031,
    architecture="23-64-23",
    source="paper, eq. (15)",
    licence="MIT",
    versions={"torch": "2.13.0"},
    created="2026-01-31",
)


def test_a_card_comes_back_as_it_was() -> None:
    assert ModelCard.from_json(FULL.to_json()) == FULL
    assert ModelCard.from_json(FULL.to_json().encode()) == FULL
    assert METADATA_KEY == "semradio.card"


def test_fields_that_were_not_told_are_not_written() -> None:
    card = ModelCard(name="mine", role="custom")
    assert json.loads(card.to_json()) == {"name": "mine", "role": "custom"}
    assert ModelCard.from_json(card.to_json()) == card


def test_unknown_fields_of_a_newer_writer_are_passed_over() -> None:
    text = json.dumps({"name": "mine", "role": "custom", "carbon": {"grams": 3}})
    assert ModelCard.from_json(text) == ModelCard(name="mine", role="custom")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"),
        ('{"role": "custom"}', "name"),
        ('{"name": "mine", "role": "custom", "seed": "zero"}', r"\$\.seed"),
        ('{"name": "mine", "role": "custom", "metrics": {"a": "b"}}', "metrics"),
    ],
)
def test_an_unreadable_card_is_told(text: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        ModelCard.from_json(text)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_figure_that_json_has_no_word_for_is_refused(value: float) -> None:
    with pytest.raises(ModelError, match="metrics 'psr_db' is"):
        ModelCard(name="mine", role="custom", metrics={"psr_db": value})


@pytest.mark.parametrize(("users", "user"), [(2, 2), (None, -1), (1, 5)])
def test_a_user_is_one_of_the_users(users: int | None, user: int) -> None:
    with pytest.raises(ModelError, match=f"user {user}, counted from 0, of {users}"):
        ModelCard(name="mine", role="custom", users=users, user=user)
    assert ModelCard(name="mine", role="custom", users=2, user=1).users == 2


def test_cards_are_read_without_torch_or_onnx() -> None:
    program = (
        "import sys; from semradio.blocks.neural.model_card import ModelCard;"
        f"ModelCard.from_json({FULL.to_json()!r});"
        "sys.exit(bool({'torch', 'onnx', 'onnxruntime'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
