"""What the channels of a checked flowgraph mean by SNR, and whether the models agree.

An SNR in decibels says nothing without what power it is of: that of a complex symbol (Es/N0), or
that of a whole item. Where a channel takes another power than the model before it sends, the noise
is stronger or weaker than anybody meant; so ``semradio check`` tells both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from semradio.blocks.api.item_type import ItemType
from semradio.blocks.channels.awgn_channel import AwgnChannel
from semradio.blocks.neural.model_block import ModelBlock
from semradio.blocks.neural.model_card import ModelCard
from semradio.flowgraphs.graph import Graph

_TOLERANCE_DB = 0.05


@dataclass(frozen=True)
class Convention:
    """What a channel means by SNR.

    channel : name of the block. told : its SNR in words
    warning : why it is another one than the model's before it; empty if it is not
    """

    channel: str
    told: str
    warning: str = ""


def conventions(graph: Graph) -> list[Convention]:
    """Return the convention of each channel that adds noise of a stated SNR, in their order."""
    found = []
    for name in graph.order:
        block = graph.blocks[name]
        if isinstance(block, AwgnChannel):
            item = block.input_types["x"]
            found.append(Convention(name, _told(block, item), _warning(graph, name, block, item)))
    return found


def _told(block: AwgnChannel, item: ItemType) -> str:
    symbols, kind = _symbols(item)
    if block.signal_power == "measured":
        return f"SNR {block.snr_db:g} dB over an item, of the power measured"
    each = block.signal_power / symbols
    return (
        f"SNR {block.snr_db:g} dB for a mean power of {each:.4g} per {kind} symbol, "
        f"{block.signal_power:g} over an item of {symbols}"
    )


def _warning(graph: Graph, name: str, block: AwgnChannel, item: ItemType) -> str:
    sender = _sender(graph, name)
    if sender is None or block.signal_power == "measured":
        return ""
    model, card = sender
    power = _power(card, _symbols(item)[0])
    if power is None:
        return ""
    away = 10.0 * math.log10(power / block.signal_power)
    if abs(away) < _TOLERANCE_DB:
        return ""
    way = "less" if away > 0 else "more"
    return (
        f"block '{name}' takes the power of an item for {block.signal_power:g}, but by its card "
        f"the model '{model}' sends {power:g}: there is {abs(away):.1f} dB {way} noise than "
        f"'snr_db' says; set 'signal_power: {power:g}'"
    )


def _sender(graph: Graph, name: str) -> tuple[str, ModelCard] | None:
    """Return the model before a block whose card tells of power; other blocks may change it."""
    feeding = {edge.target: edge.source for edge in reversed(graph.plan.edges)}
    while name in feeding:
        name = feeding[name]
        block = graph.blocks[name]
        if not isinstance(block, ModelBlock):
            return None
        if block.card is not None and block.card.power_normalisation:
            return block.model, block.card
    return None


def _power(card: ModelCard, symbols: int) -> float | None:
    """Return the power of an item by a card's words; None where they do not tell."""
    if "power of 1 per complex symbol" in card.power_normalisation:
        return float(symbols)
    return 1.0 if "||x||^2 = 1" in card.power_normalisation else None


def _symbols(item: ItemType) -> tuple[int, str]:
    return item.size, "complex" if item.dtype.startswith("complex") else "real"
