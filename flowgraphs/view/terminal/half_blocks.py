"""Pictures and points in a terminal: two pixels a character, one above the other."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from rich.color import Color
from rich.style import Style
from rich.text import Text

from semradio.blocks.api.item_type import Array, ItemType
from semradio.flowgraphs.view.picture_of import picture_of

UPPER_HALF = "\N{UPPER HALF BLOCK}"


def half_blocks(picture: Array) -> Text:
    """Return a picture, uint8 of shape (rows, columns, 3), as coloured characters.

    An odd last row is completed with black.
    """
    if len(picture) % 2:
        picture = np.concatenate([picture, np.zeros_like(picture[:1])])
    text = Text(no_wrap=True)
    for k in range(0, len(picture), 2):
        # Equal neighbours are one piece: a piece costs far more than a character.
        pairs = zip(picture[k].tolist(), picture[k + 1].tolist(), strict=True)
        for (above, below), equal in groupby(pairs):
            style = Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below))
            text.append(UPPER_HALF * len(list(equal)), style)
        text.append("\n")
    return text


def shown(items: Array, item: ItemType, columns: int, rows: int) -> Text:
    """Return items as a picture of at most so many characters, by what suits their type.

    Args:
        items: shape (n, *item).
    """
    if not len(items) or columns < 2 or rows < 1:
        return Text("nothing has come yet")
    return half_blocks(picture_of(items, item, columns, 2 * rows))
