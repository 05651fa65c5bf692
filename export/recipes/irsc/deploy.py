"""Export a finished run of the ``irsc`` recipe as ONNX files with model cards."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from semradio.blocks.neural.model_card import ModelCard
from semradio.export.deploying import UNROUNDED, Part, export_parts
from semradio.export.recipes.irsc.air import complex_normal
from semradio.export.recipes.irsc.config import Config
from semradio.export.recipes.irsc.networks import ImageReceiver
from semradio.export.recipes.irsc.report import Report
from semradio.export.recipes.irsc.train import load_system
from semradio.export.recipes.irsc.variants import name_of
from semradio.export.seeds import generator

_PAPER = (
    "Y. Wang, S. Guo, A. Dong, H. Zhao, Benchmarking Semantic Communications for Image "
    "Transmission Over MIMO Interference Channels"
)
_EXAMPLES = 64
_PLANES = "planes: real, imaginary"
_AXES = {
    "channel": ("re_im", "receiver", "transmitter", "rx_antenna", "tx_antenna"),
    "row": ("re_im", "transmitter", "rx_antenna", "tx_antenna"),
    "sent": ("re_im", "tx_antenna", "slot"),
    "heard": ("re_im", "rx_antenna", "slot"),
    "streams": ("re_im", "stream", "slot"),
}
_WORDS = {
    "image": "image, 0 to 255",
    "channel": f"channel state H of eq. (6), all links; {_PLANES}",
    "row": f"channel state of the links to this receiver; {_PLANES}",
    "sent": f"frame X_k of eq. (2), energy = rows x slots; {_PLANES}",
    "heard": f"received frame Y_k of eq. (3); {_PLANES}",
    "streams": f"streams of this user; {_PLANES}",
    "snr": "P / sigma^2 per receive antenna in dB",
}


def export(folder: Path, out: Path) -> list[Path]:
    """Export the networks of a finished run: ``transmitter_<k>.onnx``, ``receiver_<k>.onnx``.

    k counts the users from 1. The cards state the order of all axes and hold the figures of the
    run at each SNR. Weights are stored with 16 bits, and the parity is to the network that has
    them so.

    Returns the files written. Raises :class:`~semradio.blocks.errors.ModelError` if the run
    is not finished or a file does not reproduce its network.
    """
    report = Report.read(folder)
    system = load_system(folder, report.config)
    examples = _examples(report.config)
    parts = [
        _part(end, user, module, examples, report)
        for user in range(report.config.users)
        for end, module in (
            ("transmitter", system.transmitters[user]),
            ("receiver", ImageReceiver(system.receivers[user])),
        )
    ]
    return export_parts(parts, out, levels=1, half=True)


def _part(
    end: str, user: int, module: nn.Module, examples: dict[str, Tensor], report: Report
) -> Part:
    config = report.config
    taken, given = _signals(end, config)
    name = name_of(config)
    card = ModelCard(
        name=f"irsc/{name}/{end}_{user + 1}",
        role=f"irsc_{end}",
        system=f"irsc/{name}",
        summary=_summary(end, user, report),
        inputs={port: _WORDS[kind] for port, kind in taken.items()},
        outputs={port: _WORDS[kind] for port, kind in given.items()},
        axes={port: _AXES[kind] for port, kind in {**taken, **given}.items() if kind in _AXES},
        users=config.users,
        user=user,
        power_normalisation="the energy of each frame is rows x slots: P = 1 per antenna and slot",
        dataset=report.datasets[user],
        split=report.split,
        seed=config.seed,
        metrics=_metrics(report, user),
        architecture=_architecture(end, config),
        source=f"{_PAPER}, {'eqs. (1), (2)' if end == 'transmitter' else 'eq. (4)'}",
        licence="MIT",
    )
    return Part(
        module=module,
        card=card,
        inputs={port: examples[kind] for port, kind in taken.items()},
        compared=(UNROUNDED,) if end == "receiver" else (),
    )


def _signals(end: str, config: Config) -> tuple[dict[str, str], dict[str, str]]:
    """Return what goes into a model and comes out of it, by port: keys of the tables above."""
    scheme = config.scheme
    if end == "transmitter":
        taken = {"image": "image"}
        if config.csi_at_transmitter:
            taken["h"] = "channel"
        return taken, {"x": "streams" if scheme in _THROUGH_STREAMS else "sent"}
    if scheme in (*_THROUGH_STREAMS, "lmmse"):
        taken = {"y": "streams"}
    elif scheme == "csi_free":
        taken = {"y": "heard"}
    elif scheme in ("csir", "csitr"):
        taken = {"y": "heard", "h": "channel"}
    else:
        taken = {"y": "heard", "h": "row", "snr_db": "snr"}
    return taken, {"image": "image"}


_THROUGH_STREAMS = ("interference_free", "semi_trained")


def _examples(config: Config) -> dict[str, Tensor]:
    source = generator(0, "export", "examples")
    users, rx, tx, slots = config.users, config.rx_antennas, config.tx_antennas, config.slots
    rows = tx if config.scheme == "lmmse" else config.streams

    def planes(*shape: int) -> Tensor:
        return complex_normal((_EXAMPLES, *shape), source)

    return {
        "image": torch.randint(0, 256, (_EXAMPLES, 28, 28), generator=source, dtype=torch.uint8),
        "channel": planes(users, users, rx, tx),
        "row": planes(users, rx, tx),
        "heard": planes(rx, slots),
        "streams": planes(rows, slots),
        "snr": 25.0 * torch.rand((_EXAMPLES, 1), generator=source) - 5.0,
    }


def _summary(end: str, user: int, report: Report) -> str:
    config = report.config
    known = {
        "csir": "the channel is known at the receivers",
        "csitr": "the channel is known at both ends",
        "csi_free": "nobody knows the channel",
        "interference_free": "trained without channel, noise or interference",
        "semi_trained": "trained through precoders and receive filters designed for each channel",
        "lmmse": "the receiver reads what an LMMSE filter gives",
        "tdma": "the users take turns",
        "csir_lmmse": "the channel is known at the receivers, which filter it inside",
    }[config.scheme]
    pilots = "" if config.csi == "perfect" else f", as {config.csi} pilots show it"
    return (
        f"{end.capitalize()} of user {user + 1} of {config.users}: {known}{pilots}. One model for "
        f"{config.low_snr_db:g} to {config.high_snr_db:g} dB."
    )


def _architecture(end: str, config: Config) -> str:
    if end == "transmitter":
        layers = f"{config.encoder} semantic encoder, JSC encoder, width {config.width}"
    else:
        layers = f"JSC decoder, {config.encoder} semantic decoder, width {config.receiver_width}"
    coded = {
        "transmitter": ", Alamouti's code",
        "receiver": ", behind an LMMSE filter with one round of interference cancellation",
    }
    extra = coded[end] if config.scheme == "csir_lmmse" else ""
    return f"{layers}, {config.activation}{extra}"


def _metrics(report: Report, user: int) -> dict[str, float]:
    return {
        f"{part}.ssim_global_at_{row.snr_db:g}_dB": row.users[user].ssim_global
        for part, rows in report.figures.items()
        for row in rows
    }
