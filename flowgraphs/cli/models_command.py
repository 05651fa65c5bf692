"""``semradio models``: the trained models, and what their cards say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from semradio.flowgraphs.cli import completing

if TYPE_CHECKING:
    from semradio.blocks.neural.model_card import ModelCard
    from semradio.blocks.neural.model_file import ModelDescription


@click.command("models")
@click.argument("model", required=False, shell_complete=completing.models)
@click.option("--json", "as_json", is_flag=True, help="Print the model card as JSON.")
def command(model: str | None, as_json: bool) -> None:
    """List the models, or show the card of one: a name such as arn/alice, or an .onnx file."""
    from semradio.blocks.neural import model_file

    if model is None:
        for name, path in model_file.list_models().items():
            card = model_file.read_card(path)
            role = card.role if card is not None else "no card"
            size = path.stat().st_size / 1024
            click.echo(f"{name:<24}{role:<20}{size:8.1f} KiB  {_first_sentence(card)}")
        click.echo("\n'semradio models MODEL' shows a card")
        return
    description = model_file.describe(model_file.find_model(model))
    if as_json:
        click.echo(description.card.to_json() if description.card is not None else "null")
    else:
        click.echo("\n".join(_lines(model, description)))


def _first_sentence(card: ModelCard | None) -> str:
    return "" if card is None else card.summary.split(". ")[0].split(": ")[0]


def _lines(name: str, found: ModelDescription) -> list[str]:
    card = found.card
    lines = [name if card is None else f"{card.name}: {card.role}"]
    if card is not None and card.summary:
        lines += ["", click.wrap_text(card.summary, 96)]
    opsets = ", ".join(f"{domain or 'onnx'} {version}" for domain, version in found.opsets.items())
    lines += [
        "",
        f"  file           {found.path}",
        f"  size           {found.size:,} bytes, sha256 {found.sha256}",
        f"  format         IR {found.ir_version}, opset {opsets}",
    ]
    for title, ports, meanings in (
        ("input", found.inputs, card.inputs if card is not None else {}),
        ("output", found.outputs, card.outputs if card is not None else {}),
    ):
        for port in ports:
            axes = ", ".join(card.axes.get(port.name, ())) if card is not None else ""
            meaning = f"{meanings.get(port.name, '')}{f' ({axes})' if axes else ''}"
            lines.append(f"  {title:<14} {port}  {meaning}".rstrip())
    if card is None:
        return [*lines, "", "the file has no model card"]
    for label, value in (
        ("system", card.system),
        ("architecture", card.architecture),
        ("parameters", card.parameters),
        ("users", card.users),
        ("user", None if card.user is None else f"{card.user}, counted from 0"),
        ("power", card.power_normalisation),
        ("trained at", None if card.snr_db is None else f"SNR {card.snr_db:g} dB"),
        ("data", f"{card.dataset}: {card.split}" if card.dataset else None),
        ("seed", card.seed),
        ("source", card.source),
        ("licence", card.licence),
        ("versions", ", ".join(f"{k} {v}" for k, v in card.versions.items())),
        ("created", card.created),
    ):
        if value not in (None, ""):
            lines.append(f"  {label:<14} {value}")
    for title, figures in (("metrics", card.metrics), ("parity", card.parity)):
        if figures:
            lines += ["", title]
            lines += [f"  {key:<44} {value:.6g}" for key, value in figures.items()]
    return lines
