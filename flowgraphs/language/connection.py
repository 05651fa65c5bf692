"""Connections as written: chains of points, ``a.out -> b -> c.in``."""

from __future__ import annotations

from dataclasses import dataclass, field

from semradio.flowgraphs.keys import keys_of
from semradio.flowgraphs.language.document import Section
from semradio.flowgraphs.language.expression import ExpressionError
from semradio.flowgraphs.language.keys import check_known
from semradio.flowgraphs.language.problems import Problems
from semradio.flowgraphs.language.template import Template, split_outside
from semradio.flowgraphs.language.tree import Node
from semradio.flowgraphs.plan import EdgePlan, Location

ARROW = "->"
KEYS = ("connect", *keys_of(EdgePlan))


@dataclass(frozen=True, slots=True)
class Point:
    """A block and perhaps a port of it, their brackets still to be filled."""

    block: Template
    port: Template | None
    location: Location

    @property
    def names(self) -> frozenset[str]:
        """The variables and indices that the brackets mention."""
        return self.block.names | (self.port.names if self.port else frozenset())


@dataclass(frozen=True, slots=True)
class Connection:
    """One entry of ``connections``."""

    points: tuple[Point, ...]
    location: Location
    keys: Section = field(default_factory=dict)
    """What is said of its edges besides."""
    comment: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The variables and indices that the brackets mention."""
        return frozenset().union(*(point.names for point in self.points))


def read_connection(node: Node, problems: Problems) -> Connection | None:
    """Read one entry of ``connections``; None, with the problem noted, if it is none."""
    if isinstance(node.value, str):
        points = read_points(node, problems)
        return Connection(points, node.location, comment=node.comment) if points else None
    if not isinstance(node.value, dict):
        problems.add(f"a connection is written 'a -> b', not {node.kind}", node.location)
        return None
    keys = node.value
    check_known(keys, KEYS, " of a connection", problems)
    if "connect" not in keys:
        problems.add("a connection needs 'connect: a -> b'", node.location)
        return None
    chain = keys["connect"].value
    if not isinstance(chain.value, str):
        problems.add(f"'connect' takes text such as 'a -> b', not {chain.kind}", chain.location)
        return None
    points = read_points(chain, problems)
    if not points:
        return None
    return Connection(points, chain.location, keys, node.comment)


def read_points(node: Node, problems: Problems) -> tuple[Point, ...]:
    """Read a chain; empty, with the problems noted, if it is none."""
    pieces = [piece.strip() for piece in split_outside(node.value, ARROW)]
    if len(pieces) == 1:
        problems.add(f"'{node.value}' has no arrow: write 'a -> b'", node.location)
        return ()
    if not all(pieces):
        problems.add(f"'{node.value}' has an arrow that leads nowhere", node.location)
        return ()
    points = []
    start = node.location.column - 1
    for piece in pieces:
        start, place = _found(piece, start, node.location)
        point = read_point(piece, place, problems)
        if point is not None:
            points.append(point)
    return tuple(points) if len(points) == len(pieces) else ()


def read_point(text: str, place: Location, problems: Problems) -> Point | None:
    """Read ``block`` or ``block.port``; None, with the problem noted, if it is neither."""
    block, *port = split_outside(text, ".")
    try:
        name = Template.parse(block.strip())
        names = Template.parse(".".join(port).strip()) if port else None
        point = Point(name, names, place)
        if not block.strip() or (names is not None and not names.pieces):
            raise ExpressionError(f"'{text}' is not a block or block.port")
        # Unreadable brackets are noted here, once, before anything is repeated.
        _ = point.names
    except ExpressionError as error:
        problems.add(str(error), place)
        return None
    return point


def _found(piece: str, start: int, whole: Location) -> tuple[int, Location]:
    """Return where a piece of a value stands in its line; of a folded value, where that starts."""
    at = whole.text.find(piece, start)
    if at < 0:
        return start, whole
    return at + len(piece), Location(whole.file, whole.line, at + 1, whole.text)
