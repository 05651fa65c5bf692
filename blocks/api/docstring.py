"""A block's docstring, taken apart: what it does, then the same headings in the same order."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

from semradio.blocks.api.block import Block

if TYPE_CHECKING:
    import doctest

HEADINGS = ("Results", "Raises", "Example", "Source")
"""Headings of a block's docstring, in this order, each left out where there is nothing to say;
the example is never left out. Inputs, outputs and parameters are declared, not written down."""

_HEADING = re.compile(rf"^({'|'.join(HEADINGS)}):$", re.M)


@dataclass(frozen=True)
class BlockDoc:
    """The parts of a block's docstring, without their indentation; '' where there is none."""

    does: str
    results: str = ""
    raises: str = ""
    example: str = ""
    source: str = ""
    order: tuple[str, ...] = ()
    """The headings as they stand."""

    @property
    def summary(self) -> str:
        """The first sentence, on one line."""
        return " ".join(self.does.split("\n\n")[0].split())

    @property
    def told(self) -> str:
        """All but the example, for places that have room for words only."""
        parts = [self.does]
        for heading, text in (
            ("Results", self.results),
            ("Raises", self.raises),
            ("Source", self.source),
        ):
            if text:
                parts.append(f"{heading}:\n" + "\n".join("    " + t for t in text.split("\n")))
        return "\n\n".join(parts)

    @property
    def statements(self) -> list[doctest.Example]:
        """The statements of the example, each with what it prints."""
        # Heavy, and of use to tests and documents alone.
        import doctest

        return doctest.DocTestParser().get_examples(self.example)


def block_doc(cls: type[Block]) -> BlockDoc:
    """Take the docstring of a block apart."""
    parts = _HEADING.split(inspect.getdoc(cls) or "")
    order = tuple(parts[1::2])
    texts = {name: dedent(text.strip("\n")) for name, text in zip(order, parts[2::2], strict=True)}
    named = {heading.lower(): texts.get(heading, "").rstrip() for heading in HEADINGS}
    return BlockDoc(does=parts[0].strip(), order=order, **named)
