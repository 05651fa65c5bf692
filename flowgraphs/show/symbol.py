"""One block as an SVG picture: its name, its ports with their item types."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from semradio.blocks.api.block import Block
from semradio.blocks.api.port import Output, Port
from semradio.flowgraphs.show import font
from semradio.flowgraphs.show.palette import MUTED, PAGE, TEXT, WIRE, tint_of

_ROW, _HEAD, _STUB, _PAD = 20.0, 30.0, 14.0, 12.0
_NAME_SIZE, _PORT_SIZE, _TYPE_SIZE = 14.0, 12.0, 10.0
_WIDTH_OF_LETTER = 0.6
"""Of its size: what a letter takes at most."""


def symbol_svg(cls: type[Block]) -> str:
    """Return the symbol of a block: inputs on the left, outputs on the right, types outside."""
    inputs, outputs = cls.declared_inputs, cls.declared_outputs
    inner = max(
        _wide(cls.block_type, _NAME_SIZE),
        _widest(inputs, _PORT_SIZE) + _widest(outputs, _PORT_SIZE) + 24,
        120.0,
    )
    left, right = _widest_type(inputs), _widest_type(outputs)
    x, box = left + _STUB + 8, inner + 2 * _PAD
    rows = max(len(inputs), len(outputs), 1)
    height = _HEAD + rows * _ROW + _PAD
    width = x + box + _STUB + 8 + right
    tint = tint_of(cls.category)
    size = (
        f'width="{width:.0f}" height="{height + 2:.0f}" viewBox="0 0 {width:.0f} {height + 2:.0f}"'
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{font.SANS}">',
        f"<title>{escape(cls.block_type)}</title>",
        f'<rect width="100%" height="100%" fill="{PAGE.fill}"/>',
        (
            f'<rect x="{x:.1f}" y="1" width="{box:.1f}" height="{height:.1f}" rx="6" '
            f'fill="{tint.fill}" stroke="{tint.line}"/>'
        ),
        _text(cls.block_type, x + box / 2, 20, _NAME_SIZE, TEXT, "middle", bold=True),
    ]
    for k, port in enumerate(inputs):
        y = _HEAD + k * _ROW + 12
        lines += [
            _wire(x - _STUB, x, y),
            _text(_type(port), x - _STUB - 4, y + 3, _TYPE_SIZE, MUTED, "end"),
            _text(_name(port), x + 6, y + 4, _PORT_SIZE, TEXT, "start"),
        ]
    for k, output in enumerate(outputs):
        y = _HEAD + k * _ROW + 12
        lines += [
            _wire(x + box, x + box + _STUB, y),
            _text(_type(output), x + box + _STUB + 4, y + 3, _TYPE_SIZE, MUTED, "start"),
            _text(_name(output), x + box - 6, y + 4, _PORT_SIZE, TEXT, "end"),
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _wire(start: float, end: float, y: float) -> str:
    return (
        f'<line x1="{start:.1f}" y1="{y:.1f}" x2="{end:.1f}" y2="{y:.1f}" '
        f'stroke="{WIRE}" stroke-width="1.5"/>'
    )


def _text(
    text: str, x: float, y: float, size: float, color: str, anchor: str, *, bold: bool = False
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" '
        f'text-anchor="{anchor}"{weight}>{escape(text)}</text>'
    )


def _name(port: Port) -> str:
    return f"{port.name}[...]" if port.count else port.name


def _type(port: Port) -> str:
    if isinstance(port, Output) and port.pattern is None:
        return f"as {port.like}" if port.like else "by parameters"
    return str(port.pattern)


def _wide(text: str, size: float) -> float:
    return len(text) * size * _WIDTH_OF_LETTER


def _widest(ports: Sequence[Port], size: float) -> float:
    return max((_wide(_name(port), size) for port in ports), default=0.0)


def _widest_type(ports: Sequence[Port]) -> float:
    return max((_wide(_type(port), _TYPE_SIZE) + 4 for port in ports), default=0.0)
