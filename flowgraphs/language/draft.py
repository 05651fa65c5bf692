"""What one load works on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from semradio.flowgraphs.language.document import Document
from semradio.flowgraphs.language.member import Endpoint
from semradio.flowgraphs.plan import Plan


@dataclass(slots=True)
class Draft:
    """What one load works on: the plan so far, and what is known to be wrong with it."""

    plan: Plan
    allow_code: bool
    code_withheld: bool = False
    """Whether a file with block types was not run; unknown types are then no surprise."""
    wrong: set[str] = field(default_factory=set)
    """Blocks of the plan whose parameters have problems."""
    excused: set[str] = field(default_factory=set)
    """Blocks that lack an edge because its connection has a problem."""
    fed: dict[Endpoint, Endpoint] = field(default_factory=dict)
    documents: dict[Path, Document | None] = field(default_factory=dict)
    members: int = 0
