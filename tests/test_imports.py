"""Modules import downwards only: no circles, and no layer imports one above it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from import_graph import Graph, circles, import_graph, modules

import semradio
from semradio.flowgraphs.systems import packages

FILES = modules(Path(semradio.__file__).parent)

SYSTEM = "the systems"

ROOMS = (
    "blocks.errors",
    "blocks.endpoint",
    "blocks.zeromq",
    "blocks.part_file",
    "blocks.written_file",
    "blocks.regular_file",
    "blocks.stored_file",
    "blocks.api",
    "blocks.engine",
    "blocks",
    "export",
    "flowgraphs.ordering",
    "flowgraphs.plain",
    "flowgraphs.keys",
    "flowgraphs.plan",
    "flowgraphs.curve",
    "flowgraphs.pacing",
    "flowgraphs.difference",
    "flowgraphs.systems",
    "flowgraphs.graph",
    "flowgraphs.conventions",
    "flowgraphs.language",
    "flowgraphs.runtime",
    "flowgraphs.control",
    "flowgraphs.show",
    "flowgraphs.view",
    "flowgraphs.flowgraph",
    "flowgraphs.deploy",
    "flowgraphs",
    "flowgraphs.sweep",
    "flowgraphs.gnuradio",
    "flowgraphs.figures",
    SYSTEM,
    "",
    "flowgraphs.cli",
    "flowgraphs.__main__",
    "__main__",
)
"""From the ground up: a room imports itself and what stands before it. What is in none of a
package's rooms belongs to the package; the empty name is the package semradio itself. The systems,
which are found, are one room."""

JOINS = ("semradio.blocks.api.harness",)
"""Modules that tie a room to one above it, on purpose: this one makes blocks callable, by the
engine."""

SYSTEMS = {name: p for name, p in packages().items() if p.startswith("semradio.")}


@cache
def imports() -> Graph:
    """Return which module imports which; read by the first test that asks, not by who collects."""
    return import_graph(FILES)


def inside(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


def test_the_graph_is_read() -> None:
    assert len(FILES) > 300
    assert "semradio.blocks.api.block" in imports()["semradio.blocks.channels.awgn_channel"] or (
        "semradio.blocks.api" in imports()["semradio.blocks.channels.awgn_channel"]
    )
    # Within a function, and for type checkers alone.
    assert "semradio.flowgraphs.language" in imports()["semradio.flowgraphs.flowgraph"]
    assert "semradio.flowgraphs.flowgraph" in imports()["semradio.flowgraphs"]


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert [sorted(circle) for circle in circles(imports())] == []


def test_a_circle_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import semradio.b\n")
    (tmp_path / "b.py").write_text("def f():\n    from semradio import c\n")
    (tmp_path / "c.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from semradio.a import x\n"
    )
    (tmp_path / "d.py").write_text("from semradio.a import y\n")
    graph = import_graph(modules(tmp_path))
    assert circles(graph) == [frozenset({"semradio.a", "semradio.b", "semradio.c"})]


def room_of(module: str) -> int:
    """Return how high the room of a module lies."""
    if any(inside(module, package) for package in SYSTEMS.values()):
        return ROOMS.index(SYSTEM)
    names = [f"semradio.{room}".rstrip(".") for room in ROOMS]
    return names.index(max((n for n in names if inside(module, n)), key=len))


def test_every_room_imports_only_what_lies_below() -> None:
    upwards = [
        (name, other)
        for name, others in imports().items()
        if name not in JOINS
        for other in others
        if room_of(other) > room_of(name)
    ]
    assert upwards == []


def test_what_joins_rooms_still_does() -> None:
    for name in JOINS:
        assert any(room_of(other) > room_of(name) for other in imports()[name])


def test_every_room_is_lived_in() -> None:
    assert {room_of(name) for name in FILES} == set(range(len(ROOMS)))


def test_no_machinery_imports_a_system() -> None:
    assert {"arn", "irsc", "keyed"} <= SYSTEMS.keys()
    recipes = [f"semradio.export.recipes.{name}" for name in SYSTEMS]
    systems = [*SYSTEMS.values(), *recipes]
    named = [
        (name, other)
        for name, others in imports().items()
        if not any(inside(name, system) for system in systems)
        for other in others
        if any(inside(other, system) for system in systems)
    ]
    assert named == []
