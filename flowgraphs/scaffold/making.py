"""Writes the files of a scaffold: a folder of its own, complete or not at all."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from pathlib import Path

from semradio.blocks.api import registry
from semradio.blocks.errors import ParameterError
from semradio.export.recipes import recipes
from semradio.flowgraphs.language.shipped import shipped
from semradio.flowgraphs.scaffold import block_files, flowgraph_files, system_files

KINDS = tuple(block_files.KINDS)
"""Kinds of blocks, by the words of the command."""

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def new_block(name: str, kind: str, folder: Path) -> list[Path]:
    """Write a package with one block, its test, its page, and its entry point.

    Args:
        name: block type, in lower case with underscores.
        kind: one of :data:`KINDS`.
        folder: where the package's folder ``name`` is made.

    Returns:
        The files written.

    Raises:
        ParameterError: the name is none, or taken; the folder exists.
    """
    _check(name, "block")
    if name in registry.names():
        raise ParameterError(f"there is a block '{name}' already: 'semradio blocks {name}'")
    return _write(folder / name, block_files.files(name, kind))


def new_flowgraph(name: str, folder: Path) -> list[Path]:
    """Write a flowgraph, its test and its page into a folder ``name``; returns the files.

    Raises:
        ParameterError: the name is none, or taken; the folder exists.
    """
    _check(name, "flowgraph")
    _refuse_shipped(name)
    return _write(folder / name, flowgraph_files.files(name))


def new_system(name: str, folder: Path) -> list[Path]:
    """Write a package with a network, its recipe, a flowgraph, tests and a page; returns the files.

    Raises:
        ParameterError: the name is none, or taken; the folder exists.
    """
    _check(name, "system")
    if name in recipes():
        raise ParameterError(f"there is a recipe '{name}' already: 'semradio train' lists them")
    _refuse_shipped(f"{name}_link")
    return _write(folder / name, system_files.files(name))


def _refuse_shipped(flowgraph: str) -> None:
    if flowgraph in shipped():
        raise ParameterError(
            f"there is a flowgraph '{flowgraph}' already: 'semradio show {flowgraph}'"
        )


def _check(name: str, what: str) -> None:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ParameterError(
            f"'{name}' cannot name a {what}: lower-case letters, digits and underscores, a letter "
            "first, such as 'soft_limiter'"
        )


def _write(root: Path, files: Mapping[str, str]) -> list[Path]:
    if root.exists():
        raise ParameterError(f"{root} exists; choose another name, or --out FOLDER")
    paths = []
    try:
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            paths.append(path)
    except OSError as error:
        raise ParameterError(f"cannot write {root / name}: {error.strerror}") from error
    return paths
