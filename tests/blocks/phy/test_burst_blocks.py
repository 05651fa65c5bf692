"""The blocks: the two that people use, the steps they are made of, and a keyed link over them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from burst_air import unit_frames
from scipy.signal import upfirdn

from semradio.blocks.api import Array, Block, BlockError, ItemType, ItemTypeError, Tag, find
from semradio.blocks.api.harness import Harness
from semradio.blocks.phy import NAMED, Receiver, modulate
from semradio.blocks.phy.burst_demodulator import BurstDemodulator
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.burst_modulator import BurstModulator
from semradio.blocks.phy.transmitter import burst_symbols, pack, shape, unpack
from semradio.blocks.security.keyed_derotation import KeyedDerotation
from semradio.blocks.security.keyed_rotation import KeyedRotation
from semradio.blocks.security.secret_key import make_key_file
from semradio.flowgraphs import Flowgraph

rng = np.random.default_rng(4)
FRAMES = unit_frames(rng, 150, 23)
RECEIVING = ("burst_detector", "burst_synchroniser", "burst_equaliser", "symbol_unpacker")


def run(block: Block, x: Array, tags: list[Tag] = [], chunk: int = 10_000) -> Any:  # noqa: B006
    """What comes out of a block, and its tags."""
    with Harness(block, {"x": ItemType.of(x)}) as harness:
        for at in range(0, len(x), chunk):
            now = [tag for tag in tags if at <= tag.index < at + chunk]
            harness.push(x[at : at + chunk], tags=now)
        harness.end()
        return harness.outputs()[0], harness.tags()[0]


def noisy(x: Array, deviation: float = 0.01) -> Array:
    noise = np.random.default_rng(9).standard_normal(2 * len(x), np.float32) * np.float32(deviation)
    received: Array = x + noise.view(np.complex64)
    return received


# Transmitting ------------------------------------------------------------------------------------


def test_samples_are_those_of_an_independent_filter() -> None:
    wave, layout = NAMED["burst64"], layout_of(NAMED["burst64"])
    x = BurstModulator(waveform="burst64", level=-6.0, gap=5)(FRAMES[:64])
    from semradio.blocks.phy.burst_header import Header

    symbols = burst_symbols(pack(FRAMES[:64], wave), Header(0, 64, True), wave)
    wanted = upfirdn(layout.taps, symbols.astype(complex), up=4) * 2 * 10 ** (-6 / 20)
    assert len(x) == layout.samples + 20
    np.testing.assert_allclose(x[: len(wanted)], wanted, atol=1e-6)
    assert not x[len(wanted) :].any()


def test_level_and_tags_of_bursts() -> None:
    block = BurstModulator(waveform="burst64", level=-12.0, gap=8, silence=1000)
    x, tags = run(block, FRAMES, chunk=17)
    samples = layout_of(NAMED["burst64"]).samples
    step = samples + 32
    assert len(x) == 3 * step + 1000
    assert block.results() == {"frames": 150, "bursts": 3, "samples": len(x), "beyond": 0}
    marks = [(tag.index, tag.key, tag.value) for tag in tags]
    assert marks == [
        mark
        for k in range(3)
        for mark in (
            (k * step, "tx_sob", True),
            (k * step, "packet_len", samples),
            (k * step + samples - 1, "tx_eob", True),
        )
    ]
    for k in range(3):
        body = x[k * step + 24 : k * step + samples - 24]
        assert 10 * np.log10(np.mean(np.abs(body) ** 2)) == pytest.approx(-12, abs=0.15)


def test_samples_beyond_full_scale_are_told() -> None:
    block = BurstModulator(waveform="burst64", level=-3.0)
    x = block(FRAMES)
    beyond = int(((abs(x.real) > 1) | (abs(x.imag) > 1)).sum())
    assert block.results()["beyond"] == beyond > 100
    assert f"{beyond} samples go beyond full scale" in block.notes[0]


def test_a_burst_leaves_with_the_first_frame_after_it() -> None:
    with Harness(BurstModulator(waveform="burst64"), {"x": ItemType("float32", (23,))}) as harness:
        harness.push(FRAMES[:64])
        assert len(harness.outputs()[0]) == 0
        harness.push(FRAMES[64:65])
        assert len(harness.outputs()[0]) > 4000


def test_payload_is_shuffled_and_comes_back() -> None:
    for wave in (NAMED["burst16"], NAMED["burst64"]):
        frames = FRAMES[: wave.frames]
        payload = pack(frames, wave)
        assert np.mean(np.abs(payload) ** 2) == pytest.approx(1, rel=1e-3)
        np.testing.assert_allclose(unpack(payload[None], wave)[0], frames, atol=1e-6)
        together = np.abs(np.diff(layout_of(wave).order)) == 1
        assert together.mean() < 0.05


def test_no_frames_no_samples() -> None:
    assert len(BurstModulator(silence=7)(FRAMES[:0])) == 7
    block = BurstDemodulator()
    assert block(np.zeros(0, np.complex64)).shape == (0, 23)
    assert block.results()["bursts"] == 0 and not block.notes


# Steps -------------------------------------------------------------------------------------------


def test_the_steps_are_the_whole_bit_for_bit() -> None:
    values: dict[str, Any] = {"waveform": "burst64"}
    whole, marks = run(BurstModulator(**values), FRAMES)
    x, tags = FRAMES, []
    for name in ("symbol_packer", "burst_framer", "pulse_shaper"):
        x, tags = run(find(name)(**values), x, tags)
    assert x.tobytes() == whole.tobytes()
    assert [tag for tag in tags if tag.key not in ("part", "last")] == marks
    # Noise, an echo and a lost burst.
    x = noisy(x + 0.4j * np.concatenate([np.zeros(5, np.complex64), x[:-5]]))
    x[len(x) // 3 :][:3000] = 0
    for policy in ("skip", "zeros"):
        values["lost"] = policy
        whole, marks = run(BurstDemodulator(**values), x)
        y, tags = x, []
        for name in RECEIVING:
            given = {k: v for k, v in values.items() if k in find(name).parameters}
            block = find(name)(**given)
            y, tags = run(block, y, tags)
        assert y.tobytes() == whole.tobytes() and tags == marks
        assert block.results()["lost"] == 64


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("burst_modulator", ItemType("float32", (24,))),
        ("symbol_packer", ItemType("complex64", (23,))),
        ("burst_framer", ItemType("complex64", (7,))),
        ("pulse_shaper", ItemType("complex64", (7,))),
        ("burst_synchroniser", ItemType("complex64", (7,))),
        ("burst_equaliser", ItemType("complex64", (7,))),
        ("symbol_unpacker", ItemType("complex64", (7,))),
    ],
)
def test_items_of_another_waveform_are_refused_before_anything_runs(
    name: str, item: ItemType
) -> None:
    with pytest.raises(ItemTypeError, match="waveform"):
        find(name)().resolve({"x": item})


def test_the_hint_names_a_waveform_that_fits() -> None:
    with pytest.raises(ItemTypeError, match=r"such as 'burst256:complex64\[16\]'"):
        BurstModulator().resolve({"x": ItemType("complex64", (16,))})


@pytest.mark.parametrize("name", ["burst_synchroniser", "symbol_unpacker"])
def test_a_step_without_the_one_before(name: str) -> None:
    block = find(name)(waveform="burst16")
    cut = find("burst_detector")(waveform="burst16")
    size = cut.resolve({"x": ItemType("complex64")})["y"].shape if "syn" in name else (184,)
    with pytest.raises(BlockError, match="burst 0 has no tag 'preamble'"):
        block(np.zeros((1, *size), np.complex64))


# Receiving ---------------------------------------------------------------------------------------


def test_what_the_tags_say() -> None:
    x = BurstModulator(waveform="burst64", gap=20)(FRAMES)
    turn = np.exp(2j * np.pi * -0.01 / 4 * np.arange(len(x))).astype(np.complex64)
    frames, tags = run(BurstDemodulator(waveform="burst64"), noisy(x * turn))
    np.testing.assert_allclose(frames, FRAMES, atol=0.15)
    step = len(x) // 3
    for k in range(3):
        here = {tag.key: tag.value for tag in tags if tag.index == 64 * k}
        assert list(here) == ["frame", "counter", "snr_db", "cfo", "delay", "clock_ppm", "metric"]
        assert (here["frame"], here["counter"]) == (64 * k, k)
        assert here["delay"] == pytest.approx(24 + k * step, abs=0.1)
        assert here["cfo"] == pytest.approx(-0.01, abs=2e-5)
        assert here["snr_db"] == pytest.approx(-12 + 10 * np.log10(4) + 37, abs=1.5)
        assert abs(here["clock_ppm"]) < 60 and here["metric"] > 0.9
    assert len(tags) == 21


@pytest.mark.parametrize("ppm", [-60.0, 100.0])
def test_the_clock_is_told_as_the_channel_has_it(ppm: float) -> None:
    frames = unit_frames(rng, 512, 23)
    x = find("clock_offset")(ppm=ppm)(BurstModulator()(frames))
    block = BurstDemodulator()
    y = block(noisy(x, 0.005))
    assert block.results()["clock_ppm"] == pytest.approx(ppm, abs=3)
    np.testing.assert_allclose(y, frames, atol=0.08)


@pytest.mark.parametrize("item", ["complex64[2,8]", "complex64", "float32", "float32[3,7]"])
def test_items_of_any_shape(item: str) -> None:
    kind = ItemType.parse(item)
    size = kind.size * (2 if kind.dtype == "complex64" else 1)
    x = unit_frames(rng, 40, size).view(kind.numpy).reshape(40, *kind.shape)
    name = f"burst16:{item}"
    y = BurstDemodulator(waveform=name)(noisy(BurstModulator(waveform=name)(x), 0.002))
    assert ItemType.of(y) == kind
    np.testing.assert_allclose(y, x, atol=0.06)


def test_the_face_without_blocks() -> None:
    wave = NAMED["burst64"]
    x = modulate(FRAMES, wave, level=-12.0, gap=16)
    assert x.tobytes() == BurstModulator(waveform="burst64")(FRAMES).tobytes()
    receiver = Receiver(wave)
    bursts = receiver.push(noisy(x)) + receiver.flush()
    got = np.concatenate([burst.frames for burst in bursts])
    assert got.tobytes() == BurstDemodulator(waveform="burst64")(noisy(x)).tobytes()


def test_the_stream_ends_with_the_last_burst() -> None:
    """A foreign buffer that goes on for ever, or swallows tags, does not hold the receiver up."""
    x = BurstModulator(waveform="burst64", silence=100_000)(FRAMES)
    block = BurstDemodulator(waveform="burst64")
    with Harness(block, {"x": ItemType("complex64")}) as harness:
        harness.push(x)
        assert harness.finished and len(harness.outputs()[0]) == 150


def test_quiet_ends_the_stream() -> None:
    """Where the last burst is lost, so many samples without one end it, at the same place."""
    x = noisy(BurstModulator(waveform="burst64", silence=300_000)(FRAMES))
    x[len(x) - 304_800 :] = noisy(np.zeros(304_800, np.complex64))
    for chunk in (1000, len(x)):
        block = BurstDemodulator(waveform="burst64", quiet=50_000, frames=150, lost="zeros")
        with Harness(block, {"x": ItemType("complex64")}) as harness:
            for at in range(0, len(x), chunk):
                harness.push(x[at : at + chunk])
            assert harness.finished
            frames, tags = harness.outputs()[0], harness.tags()[0]
        assert len(frames) == 150 and not frames[128:].any()
        assert Tag(128, "filled", 22) in tags and Tag(128, "frame", 128) in tags
        assert block.results()["lost"] == 22


# Links -------------------------------------------------------------------------------------------


def test_a_key_survives_lost_bursts(tmp_path: Path) -> None:
    """Alice's tags do not travel; the receiver's frame number takes their place."""
    make_key_file(tmp_path / "link.key")
    keys = f"file:{tmp_path / 'link.key'}"
    frames = unit_frames(rng, 16 * 12, 23)
    rotated = KeyedRotation(keys=keys, session="air", first_frame=1000)(frames)
    x = BurstModulator(waveform="burst16")(rotated)
    size = len(x) // 12
    for lost in (0, 3, 4, 9):
        x[lost * size : (lost + 1) * size] = 0
    kept = np.setdiff1d(np.arange(192), [16 * k + np.arange(16) for k in (0, 3, 4, 9)])
    for policy, there in (("skip", kept), ("zeros", np.arange(192))):
        y, tags = run(BurstDemodulator(waveform="burst16", lost=policy), noisy(x, 0.002))
        assert len(y) == len(there)
        bob = KeyedDerotation(keys=keys, session="air", first_frame=1000, frame_tag="frame")
        z, _ = run_y(bob, y, tags)
        right = np.isin(there, kept)
        np.testing.assert_allclose(z[right], frames[kept], atol=0.06)
        assert bob.results()["lost"] == (64 if policy == "skip" else 0)
        assert bob.results()["resynchronised"] == bob.results()["doubtful"] == 0
        # Without the numbers it is garbage, unless the gap tags alone count right.
        plain = KeyedDerotation(keys=keys, session="air")
        assert abs(run_y(plain, y, [])[0][right] - frames[kept]).max() > 0.3


def run_y(block: Block, y: Array, tags: list[Tag]) -> Any:
    with Harness(block, {"y": ItemType.of(y)}) as harness:
        harness.push(y, tags=tags)
        harness.end()
        return harness.outputs()[0], harness.tags()[0]


LINK = """
flowgraph: burst_link
variables: {frames: 500, snr_db: 15.0}
blocks:
  source: {block: vector_source, data: [0.6, 0.0, -0.8, 0.0], repeat: true}
  pack:   {block: stream_to_vector, length: 4}
  head:   {block: head, items: "${frames}"}
  send:   {block: burst_modulator, waveform: "burst64:float32[4]", level: 0.0}
  air:    {block: awgn_channel, snr_db: "${snr_db + 6.02}", signal_power: 0.25}
  receive: {block: burst_demodulator, waveform: "burst64:float32[4]", frames: "${frames}"}
  sink:   {block: vector_sink}
connections: [source -> pack -> head -> send -> air -> receive -> sink]
processes:
  one: [source, pack, head, send]
  two: [air, receive, sink]
"""


@pytest.mark.parametrize("processes", [False, True])
def test_in_a_flowgraph(processes: bool) -> None:
    graph = Flowgraph.load(LINK)
    result = graph.run(processes=processes)
    got = np.array(result["sink"]["data"])
    assert got.shape == (500, 4)
    np.testing.assert_allclose(got.mean(axis=0), [0.6, 0, -0.8, 0], atol=0.05)
    assert result["receive"]["received"] == 8 and result["receive"]["lost"] == 0


def test_bursts_shaped_one_by_one() -> None:
    wave = NAMED["burst16"]
    symbols = np.ones(layout_of(wave).symbols, np.complex64)
    x = shape(symbols, wave, 0.0, 3)
    assert x.dtype == np.complex64 and len(x) == layout_of(wave).samples + 12
