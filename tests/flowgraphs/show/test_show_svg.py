"""The SVG: what a reader relies on, read back from the picture itself."""

from __future__ import annotations

import itertools
import math
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semradio.blocks.api.item_type import ItemType
from semradio.flowgraphs.plan import BlockPlan, EdgePlan, Plan, ProcessPlan
from semradio.flowgraphs.show import to_svg
from semradio.flowgraphs.show.scheme import topological
from semradio.flowgraphs.show.shapes import Direction

NS = "{http://www.w3.org/2000/svg}"
SLACK = 0.25
"""Places are written with one digit after the point."""

Place = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle of the picture."""

    x: float
    y: float
    right: float
    bottom: float

    @classmethod
    def of(cls, group: ET.Element) -> Box:
        rectangle = group.find(f"{NS}rect")
        assert rectangle is not None
        x, y, w, h = (float(rectangle.get(key, "")) for key in ("x", "y", "width", "height"))
        return cls(x, y, x + w, y + h)

    def overlaps(self, other: Box) -> bool:
        return (
            self.x < other.right - SLACK
            and other.x < self.right - SLACK
            and self.y < other.bottom - SLACK
            and other.y < self.bottom - SLACK
        )

    def grown(self, by: float) -> Box:
        return Box(self.x - by, self.y - by, self.right + by, self.bottom + by)

    def holds(self, other: Box) -> bool:
        return (
            self.x <= other.x
            and self.y <= other.y
            and self.right >= other.right
            and self.bottom >= other.bottom
        )

    def border(self, place: Place) -> bool:
        """Whether a place is on the border."""
        x, y = place
        inside = (
            self.x - SLACK <= x <= self.right + SLACK and self.y - SLACK <= y <= self.bottom + SLACK
        )
        near = min(abs(x - self.x), abs(x - self.right), abs(y - self.y), abs(y - self.bottom))
        return inside and near <= SLACK


@dataclass
class Picture:
    """What is found in an SVG."""

    page: Box
    texts: list[str]
    blocks: list[tuple[str, Box]] = field(default_factory=list)
    processes: list[tuple[str, Box]] = field(default_factory=list)
    wires: list[Drawn] = field(default_factory=list)
    captions: list[tuple[str, Box]] = field(default_factory=list)
    titles: list[tuple[str, Box]] = field(default_factory=list)


@dataclass
class Drawn:
    """A wire: places along it, the tip of its arrow, and whether it is dashed."""

    label: str
    places: list[Place]
    tip: Place
    dashed: bool


def read(svg: str) -> Picture:
    root = ET.fromstring(svg)
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    texts = [element.text or "" for element in root.iter(f"{NS}text")]
    picture = Picture(Box(0, 0, width, height), texts)
    for group in root.findall(f"{NS}g"):
        if (name := group.get("data-block")) is not None:
            picture.blocks.append((name, Box.of(group)))
        elif (name := group.get("data-process")) is not None:
            picture.processes.append((name, Box.of(group)))
            title = group.find(f"{NS}text")
            assert title is not None
            picture.titles.append(extent(title, 0.55))
        elif (name := group.get("data-edge")) is not None:
            line, head = group.findall(f"{NS}path")
            picture.wires.append(
                Drawn(
                    name,
                    list(places(line.get("d", ""))),
                    next(places(head.get("d", ""))),
                    line.get("stroke-dasharray") is not None,
                )
            )
    for text in root.findall(f"{NS}text"):
        if "mono" in text.get("font-family", ""):
            picture.captions.append(extent(text, 0.6))
    return picture


def extent(text: ET.Element, em: float) -> tuple[str, Box]:
    """Return a text and where it stands, given the mean width of its letters."""
    x, y, size = (float(text.get(key, "")) for key in ("x", "y", "font-size"))
    words = text.text or ""
    return words, Box(x, y - 0.75 * size, x + em * size * len(words), y)


def places(way: str) -> Iterator[Place]:
    """Yield places along the path of an SVG, its corners among them."""
    now = (0.0, 0.0)
    for letter, numbers in re.findall(r"([MLC])([^MLCZ]*)", way):
        values = [float(number) for number in re.split(r"[ ,]+", numbers)]
        points = list(zip(values[::2], values[1::2], strict=True))
        if letter == "M":
            yield points[0]
        else:
            # A straight line is the curve whose two middle points lie on its ends.
            a, b, end = points if letter == "C" else (now, points[0], points[0])
            steps = 8 + int(math.dist(now, end) / 4)
            for k in range(1, steps + 1):
                t = k / steps
                weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
                yield (
                    sum(w * p[0] for w, p in zip(weights, (now, a, b, end), strict=True)),
                    sum(w * p[1] for w, p in zip(weights, (now, a, b, end), strict=True)),
                )
        now = points[-1]


def distance(place: Place, a: Place, b: Place) -> float:
    """Return the distance of a place from the line between two others."""
    (x, y), (dx, dy) = place, (b[0] - a[0], b[1] - a[1])
    square = dx * dx + dy * dy
    t = min(max(((x - a[0]) * dx + (y - a[1]) * dy) / square, 0.0), 1.0) if square else 0.0
    return math.hypot(x - a[0] - t * dx, y - a[1] - t * dy)


def shown(text: str) -> str:
    """What a picture makes of a name: one line, characters that XML forbids replaced."""
    return re.sub("[\x00-\x1f]", "\ufffd", " ".join(text.split()))


def owners(plan: Plan) -> dict[str, str]:
    return {block: p.name for p in plan.processes.values() for block in p.blocks}


def check(plan: Plan, picture: Picture) -> None:
    """Assert everything that must hold of any picture of a plan."""
    assert Counter(name for name, _ in picture.blocks) == Counter(map(shown, plan.blocks))
    boxes = dict(picture.blocks)
    for (_, one), (_, other) in itertools.combinations(picture.blocks, 2):
        assert not one.grown(10).overlaps(other)
    check_processes(plan, picture)
    for box in (*boxes.values(), *(box for _, box in picture.processes)):
        assert picture.page.holds(box)
    check_wires(plan, picture)
    texts = [*picture.captions, *picture.titles]
    for text, box in texts:
        assert picture.page.holds(box), text
        assert not any(box.overlaps(other) for other in boxes.values()), text
    # What leads back in a circle, which is an error, runs where it can.
    circles = back(plan)
    for wire in picture.wires:
        if wire.label not in circles and texts:
            crossed = held(wire.places, [box for _, box in texts], SLACK).any(axis=0)
            assert not crossed.any(), (wire, texts[crossed.argmax()])
    for (_, one), (_, other) in itertools.combinations(picture.captions + picture.titles, 2):
        assert not one.overlaps(other)


def back(plan: Plan) -> set[str]:
    """Return the labels of the edges that lead back in a circle."""
    order = topological(plan.blocks, [(edge.source, edge.target) for edge in plan.edges])
    rank = {name: k for k, name in enumerate(order)}
    return {shown(e.label) for e in plan.edges if rank[e.source] >= rank[e.target]}


def check_processes(plan: Plan, picture: Picture) -> None:
    boxes, owner = dict(picture.blocks), owners(plan)
    assert Counter(n for n, _ in picture.processes) == Counter(map(shown, set(owner.values())))
    for (_, one), (_, other) in itertools.combinations(picture.processes, 2):
        assert not one.grown(8).overlaps(other)
    for process, box in picture.processes:
        for name in plan.blocks:
            if shown(owner.get(name, "")) == process:
                assert box.holds(boxes[shown(name)]), (process, name)
            else:
                assert not box.overlaps(boxes[shown(name)]), (process, name)


def check_wires(plan: Plan, picture: Picture) -> None:
    boxes, owner = dict(picture.blocks), owners(plan)
    assert Counter(w.label for w in picture.wires) == Counter(shown(e.label) for e in plan.edges)
    edges = {shown(edge.label): edge for edge in plan.edges}
    begun: dict[tuple[str, str], list[tuple[Place, Place]]] = {}
    for wire in picture.wires:
        edge = edges[wire.label]
        output = begun.setdefault((edge.source, edge.output), [])
        # A wire begins at its block, or where it leaves another one of the same output.
        assert boxes[shown(edge.source)].border(wire.places[0]) or any(
            distance(wire.places[0], a, b) <= SLACK for a, b in output
        ), wire.label
        output += itertools.pairwise(wire.places)
        assert boxes[shown(edge.target)].border(wire.tip), wire.label
        assert abs(wire.tip[0] - wire.places[-1][0]) + abs(wire.tip[1] - wire.places[-1][1]) < 9
        assert wire.dashed == (owner.get(edge.source) != owner.get(edge.target)), wire.label
        assert not held(wire.places, boxes.values(), 1).any(), f"{wire.label} runs through a block"


def held(places: Sequence[Place], boxes: Iterable[Box], margin: float = 0) -> np.ndarray:
    """Return which places lie within which boxes, farther from the border: bool[places, boxes]."""
    x, y = np.array(places, float).reshape(-1, 2, 1).transpose(1, 0, 2)
    left, top, right, bottom = np.array([(b.x, b.y, b.right, b.bottom) for b in boxes]).T
    within = (left + margin < x) & (x < right - margin)
    found: np.ndarray = within & (top + margin < y) & (y < bottom - margin)
    return found


def typed(plan: Plan) -> dict[str, ItemType]:
    return {edge.label: ItemType("complex64", (2, 16)) for edge in plan.edges}


@pytest.mark.parametrize("direction", ["right", "down"])
def test_every_picture_is_sound(plan: Plan, direction: Direction) -> None:
    check(plan, read(to_svg(plan, typed(plan), direction=direction)))
    check(plan, read(to_svg(plan, direction=direction)))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any small graph, circles included, in any processes, or none."""
    count = draw(st.integers(1, 9))
    names = [f"b{k}" for k in range(count)]
    block = st.sampled_from(names)
    port = st.sampled_from(["", "x", "a long port"])
    edges = draw(st.lists(st.tuples(block, port, block, port), max_size=14, unique=True))
    processes: dict[str, ProcessPlan] = {}
    for name in names:
        process = draw(st.sampled_from(["", "p", "q", "a process with a long name"]))
        if process:
            processes.setdefault(process, ProcessPlan(process, [])).blocks.append(name)
    return Plan(
        "any",
        blocks={name: BlockPlan(name, draw(st.sampled_from(["copy", "add"]))) for name in names},
        edges=[EdgePlan(*edge) for edge in edges],
        processes=processes,
    )


@settings(max_examples=150, deadline=None)
@given(plan=plans(), direction=st.sampled_from(["right", "down"]))
def test_any_graph_gives_a_sound_picture(plan: Plan, direction: Direction) -> None:
    # Labels leave open port names out; edges that differ in those only would read the same.
    picture = read(to_svg(plan, typed(plan), direction=direction))
    for wire in picture.wires:
        source, target = wire.label.split(" -> ")
        wire.label = " -> ".join(end if "." in end else f"{end}." for end in (source, target))
    check(plan, picture)


def test_names_types_ports_and_item_types_can_be_read(make_plan: Callable[..., Plan]) -> None:
    plan = make_plan(
        ["source.y -> split.x", "split.left -> out.x", "split.right -> out.w"],
        {"near": ["source", "split"], "far": ["out"]},
        {"source": "null_source"},
    )
    types = {
        "source.y -> split.x": ItemType("float32", (23,)),
        "split.left -> out.x": ItemType("uint8"),
    }
    texts = read(to_svg(plan, types)).texts
    for text in ("drawn", "What the picture shows.", "near", "far", "source", "null_source"):
        assert texts.count(text) == 1, text
    for text in ("float32[23]", "uint8", "left", "right", "x", "w"):
        assert texts.count(text) == 1, text
    assert "y" not in texts, "a block with one output does not name it"


def test_an_item_type_stands_once_for_all_wires_of_an_output(
    make_plan: Callable[..., Plan],
) -> None:
    plan = make_plan(["a.y -> b.x", "a.y -> c.x", "a.y -> d.x"])
    captions = read(to_svg(plan, typed(plan))).captions
    assert [caption for caption, _ in captions] == ["complex64[2,16]"]


def test_a_lossy_wire_says_so(make_plan: Callable[..., Plan]) -> None:
    plan = make_plan(["a.y -> b.x"])
    plan.edges[0].policy = "drop_oldest"
    plan.edges[0].queue = 64
    captions = read(to_svg(plan, typed(plan))).captions
    assert [caption for caption, _ in captions] == ["complex64[2,16], drop oldest, queue 64"]


def test_colours_tell_categories_apart(make_plan: Callable[..., Plan]) -> None:
    plan = make_plan(["a.y -> b.x"], types={"a": "null_source", "b": "null_sink"})
    root = ET.fromstring(to_svg(plan))
    fills = [
        rectangle.get("fill")
        for group in root.findall(f"{NS}g[@data-block]")
        if (rectangle := group.find(f"{NS}rect")) is not None
    ]
    assert len(set(fills)) == 2


def test_the_picture_has_a_background_of_its_own(make_plan: Callable[..., Plan]) -> None:
    root = ET.fromstring(to_svg(make_plan(["a.y -> b.x"])))
    rectangle = root.find(f"{NS}rect")
    assert rectangle is not None and rectangle.get("fill") == "#ffffff"
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    assert float(rectangle.get("width", "")) == width - 1
    assert float(rectangle.get("height", "")) == height - 1


def test_the_main_line_is_straight(make_plan: Callable[..., Plan]) -> None:
    plan = make_plan(["a.y -> b.x", "b.y -> c.x", "c.y -> d.x", "a.y -> d.w", "b.y -> e.x"])
    wires = {wire.label: wire for wire in read(to_svg(plan, direction="right")).wires}
    for label in ("a.y -> b.x", "b.y -> c.x", "c.y -> d.x"):
        assert len({round(y, 3) for _, y in wires[label].places}) == 1, label


def test_wires_of_one_output_share_their_way_and_what_stays_has_all_of_it(
    make_plan: Callable[..., Plan],
) -> None:
    plan = make_plan(["a.y -> far.x", "a.y -> b.x", "a.y -> c.x"], {"p": ["a", "b", "c"]})
    picture = read(to_svg(plan))
    box = dict(picture.blocks)["a"]
    begins = {wire.label: box.border(wire.places[0]) for wire in picture.wires}
    assert begins == {"a.y -> far.x": False, "a.y -> b.x": True, "a.y -> c.x": False}


@pytest.mark.parametrize("direction", ["right", "down"])
def test_wires_part_between_processes_and_not_on_their_border(
    make_plan: Callable[..., Plan], direction: Direction
) -> None:
    plan = make_plan(["a.y -> b.x", "a.y -> c.x"], {"p": ["a"], "q": ["b"], "r": ["c"]})
    svg = to_svg(plan, direction=direction)
    circle = ET.fromstring(svg).find(f"{NS}circle")
    assert circle is not None
    x, y, r = (float(circle.get(key, "")) for key in ("cx", "cy", "r"))
    for process, box in read(svg).processes:
        assert not box.overlaps(Box(x - r, y - r, x + r, y + r)), process


def test_ports_stand_in_the_order_of_what_they_connect_to(
    make_plan: Callable[..., Plan],
) -> None:
    plan = make_plan(["b.y -> s.x[1]", "a.y -> s.x[0]"])
    wires = read(to_svg(plan, direction="right")).wires
    starts, tips = [wire.places[0][1] for wire in wires], [wire.tip[1] for wire in wires]
    assert (starts[0] < starts[1]) == (tips[0] < tips[1])


def test_a_long_chain_flows_down_and_a_short_one_to_the_right(
    make_plan: Callable[..., Plan],
) -> None:
    for count, ratio in ((3, "wide"), (30, "tall")):
        plan = make_plan([f"b{k}.y -> b{k + 1}.x" for k in range(count)])
        page = read(to_svg(plan)).page
        assert ("wide" if page.right > page.bottom else "tall") == ratio


def test_hostile_text_is_shown_and_not_obeyed(hostile_plan: Plan) -> None:
    svg = to_svg(hostile_plan, typed(hostile_plan))
    root = ET.fromstring(svg)
    tags = {element.tag.removeprefix(NS) for element in root.iter()}
    assert tags == {"svg", "title", "rect", "g", "text", "path"}
    texts = read(svg).texts
    for text in ("<b>&amp;</b>", 'q"uo`te', "]]>-->", "\ufffd[31mred\ufffd", "größe 日本語"):
        assert text in texts
    assert "\x1b" not in svg


def test_the_picture_is_the_same_in_every_interpreter() -> None:
    program = (
        "from semradio.flowgraphs.language import load\n"
        "from semradio.flowgraphs.show import to_mermaid, to_svg, to_text\n"
        "plan = load('arn_link')\n"
        "print(to_svg(plan), to_mermaid(plan), to_text(plan))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1
    assert b"</svg>" in outputs.pop()
