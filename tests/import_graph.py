"""Which module of semradio imports which, read from the text of the modules.

Every import counts: those within functions, and those for type checkers alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

PACKAGE = "semradio"

Graph = Mapping[str, frozenset[str]]


def modules(root: Path) -> dict[str, Path]:
    """Return the files of all modules of the package in ``root``, by their names."""
    found = {}
    # Through links, which rglob does not follow.
    folders = [root]
    while folders:
        folder = folders.pop()
        folders += [p for p in folder.iterdir() if p.is_dir() and p.name != "__pycache__"]
        for file in folder.glob("*.py"):
            parts = file.relative_to(root).with_suffix("").parts
            name = ".".join((PACKAGE, *parts))
            found[name.removesuffix(".__init__")] = file
    return dict(sorted(found.items()))


def import_graph(files: Mapping[str, Path]) -> dict[str, frozenset[str]]:
    """Return the modules that each module imports, itself left out."""
    return {name: frozenset(_imported(file, files) - {name}) for name, file in files.items()}


def _imported(file: Path, known: Mapping[str, Path]) -> set[str]:
    found: set[str] = set()
    for node in _statements(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # A name that is a module of its own, or else one that the module defines.
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else node.module for name in names}
    return found & known.keys()


def _statements(module: ast.Module) -> Iterator[ast.AST]:
    """Yield all statements of a module, those inside others too; expressions import nothing."""
    waiting: list[ast.AST] = [module]
    while waiting:
        node = waiting.pop()
        yield node
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            # Of an expression, such as a lambda or a condition, body and orelse are no lists.
            found = getattr(node, name, ())
            if isinstance(found, list):
                waiting += found


def circles(graph: Graph) -> list[frozenset[str]]:
    """Return the sets of modules that import each other in circles, by Tarjan's algorithm."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: list[frozenset[str]] = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        path.append(name)
        for other in sorted(graph[name]):
            if other not in number:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in path:
                lowest[name] = min(lowest[name], number[other])
        if lowest[name] == number[name]:
            start = path.index(name)
            if len(path) - start > 1:
                found.append(frozenset(path[start:]))
            del path[start:]

    for name in graph:
        if name not in number:
            visit(name)
    return found
