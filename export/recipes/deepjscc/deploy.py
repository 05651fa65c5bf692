"""Export a finished run of the ``deepjscc`` recipe as ONNX files with model cards."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from semradio.blocks.neural.model_card import ModelCard
from semradio.export.deploying import UNROUNDED, Part, export_parts
from semradio.export.onnx_export import OpenAxes
from semradio.export.recipes.deepjscc.config import Config
from semradio.export.recipes.deepjscc.networks import Link, condition
from semradio.export.recipes.deepjscc.report import Report
from semradio.export.recipes.deepjscc.train import load_link
from semradio.export.seeds import generator

_EXAMPLES = 8
_SIDES = (32, 48)
_BATCHES = (1, 2, 7, 40)
_TOLERANCE = 1e-4
"""Of pixels and symbols about 1 in size: the sums of deep networks round more than 1e-5."""
_WORDS = {
    "image": "picture [row, column, colour], 0 to 255; sides multiples of the stride",
    "snr_db": "Es/N0 of a complex symbol in dB",
    "uses": "symbols of a place that were sent, the first ones",
    "x": "features, not normalised: of symbol i of a place the real part at 2i, the imaginary one "
    "at 2i + 1; in the order of what they are worth",
    "y": "received features, of mean power 1 for a complex symbol before noise; zeros where "
    "nothing was sent",
}
_SOURCES = {
    "convnext": "after J. Xu et al., Wireless Image Transmission Using Deep Source Channel Coding "
    "With Attention Modules, IEEE TCSVT 2022, and Z. Liu et al., A ConvNet for the 2020s, "
    "CVPR 2022",
    "published": "E. Bourtsoulatze, D. Burth Kurka, D. Gunduz, Deep Joint Source-Channel Coding "
    "for Wireless Image Transmission, IEEE TCCN 2019, Fig. 2",
}


class PictureEncoder(nn.Module):
    """uint8[batch, rows, columns, 3] and an SNR -> float32[batch, 2 symbols, rows, columns]."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self.encoder = link.encoder

    def forward(self, image: Tensor, snr_db: Tensor) -> Tensor:
        picture = image.permute(0, 3, 1, 2).to(torch.float32) / 255.0
        features: Tensor = self.encoder(picture, condition(snr_db))
        return features


class PictureDecoder(nn.Module):
    """Features, SNR and the number of used symbols -> uint8[batch, rows, columns, 3].

    The second output is the picture before it is rounded and clipped, float32 about 0 to 1.
    """

    def __init__(self, link: Link) -> None:
        super().__init__()
        self.decoder = link.decoder

    def forward(self, y: Tensor, snr_db: Tensor, uses: Tensor) -> tuple[Tensor, Tensor]:
        picture = self.decoder(y, condition(snr_db, uses)).permute(0, 2, 3, 1)
        levels = torch.clamp(torch.round(picture * 255.0), 0.0, 255.0)
        return levels.to(torch.uint8), picture


class PlainEncoder(PictureEncoder):
    """The same of a network that is told nothing."""

    def forward(self, image: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(image, image.new_zeros((1, 1), dtype=torch.float32))


class PlainDecoder(PictureDecoder):
    """The same of a network that is told nothing."""

    def forward(self, y: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        told = y.new_ones((1, 1))
        return super().forward(y, told, told)


def export(folder: Path, out: Path) -> list[Path]:
    """Export the networks of a finished run: ``encoder.onnx`` and ``decoder.onnx``.

    Height and width are open, and weights are stored with 16 bits. The cards hold the PSNR of the
    run at each rate and SNR.

    Returns the files written. Raises :class:`~semradio.blocks.errors.ModelError` if the run
    is not finished or a file does not reproduce its network.
    """
    report = Report.read(folder)
    link = load_link(folder, report.config)
    examples = _examples(link)
    told = report.config.architecture == "convnext"
    encoder: nn.Module = PictureEncoder(link) if told else PlainEncoder(link)
    decoder: nn.Module = PictureDecoder(link) if told else PlainDecoder(link)
    ends = (
        ("encoder", encoder, ("image", "snr_db"), ("x",), ()),
        ("decoder", decoder, ("y", "snr_db", "uses"), ("image",), (UNROUNDED,)),
    )
    parts = []
    for end, module, taken, given, compared in ends:
        ports = taken if told else taken[:1]
        parts.append(
            Part(
                module=module,
                card=_card(end, ports, given, link, report),
                inputs={port: examples[port] for port in ports},
                compared=compared,
                open_axes=_open_axes(link, ports[0]),
            )
        )
    return export_parts(parts, out, tolerance=_TOLERANCE, levels=1, batches=_BATCHES, half=True)


def _card(
    end: str, taken: tuple[str, ...], given: tuple[str, ...], link: Link, report: Report
) -> ModelCard:
    config, name = report.config, name_of(report.config)
    low, high = config.low_snr_db, config.high_snr_db
    span = f"{low:g} dB alone" if low == high else f"all SNR from {low:g} to {high:g} dB"
    before = "; begun with the weights of another run" if config.begin is not None else ""
    rates = ", ".join(f"1/{rate}" for rate in dict.fromkeys(config.rates))
    return ModelCard(
        name=f"deepjscc/{name}/{end}",
        role=f"deepjscc_{end}",
        system=f"deepjscc/{name}",
        summary=f"{end.capitalize()} of a colour link for pictures of any size: {span}, k/n of "
        f"{rates}; {link.symbols} symbols at most for {link.stride} x {link.stride} pixels.",
        inputs={port: _WORDS[port] for port in taken},
        outputs={port: _WORDS[port] for port in given},
        power_normalisation="outside the model: a mean power of 1 per complex symbol for each "
        "picture; SNR is Es/N0 of a complex symbol",
        snr_db=low if low == high else None,
        dataset=", ".join(config.datasets),
        split=f"{report.split}{before}",
        seed=config.seed,
        metrics={
            f"{_short(place)}.psnr_db_at_{row.snr_db:g}_dB_1_{row.rate}": round(row.psnr_db, 3)
            for place, rows in report.figures.items()
            for row in rows
        },
        architecture=_architecture(config),
        source=_SOURCES[config.architecture],
        licence="MIT",
    )


def name_of(config: Config) -> str:
    """Return the name of a system in the zoo: by its network, or by what it was trained on."""
    if config.architecture == "published":
        return "published"
    return "cifar" if any("cifar" in place for place in config.datasets) else "photo"


def _short(place: str) -> str:
    return place.removesuffix(".zip").replace("/", "_")


def _architecture(config: Config) -> str:
    if config.architecture == "published":
        return "five 5 x 5 convolutions with PReLU at each end, two of them of stride 2"
    return (
        f"8 x 8 linear transform, and {config.fine} blocks of {config.width} features per 4 x 4 "
        f"pixels, {config.coarse} of {2 * config.width} per 8 x 8: depthwise 3 x 3, 1 x 1 twice as "
        "wide, ReLU, attention to SNR (and rate)"
    )


def _open_axes(link: Link, port: str) -> OpenAxes:
    # A transform of 8 x 8 pixels needs sides that are multiples of 8, convolutions any.
    first, step = (1, link.stride) if port == "image" else (2, 1)
    return {port: {first: ("rows", step), first + 1: ("columns", step)}}


def _examples(link: Link) -> dict[str, Tensor]:
    source = generator(0, "export", "examples")
    rows, columns = _SIDES
    places = (rows // link.stride, columns // link.stride)
    return {
        "image": torch.randint(
            0, 256, (_EXAMPLES, rows, columns, 3), generator=source, dtype=torch.uint8
        ),
        "snr_db": 25.0 * torch.rand((_EXAMPLES, 1), generator=source) - 5.0,
        "uses": 1.0 + (link.symbols - 1.0) * torch.rand((_EXAMPLES, 1), generator=source),
        "y": torch.randn((_EXAMPLES, 2 * link.symbols, *places), generator=source),
    }
