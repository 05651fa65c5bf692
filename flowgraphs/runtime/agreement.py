"""What processes that were started one by one must agree on before items flow between them.

Each host has its own copy of the flowgraph, of the models and of semradio. A receiver says what it
runs when it connects; a sender that runs something else turns it away and names the difference.
Texts that name files, addresses or keys may differ from host to host, and so may live parameters,
which change at any time: the process that runs the block decides. Of a model counts what is in the
file.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import zlib
from pathlib import Path
from typing import Any

import msgspec

from semradio.blocks.api import registry
from semradio.blocks.errors import SemradioError
from semradio.blocks.neural.model_block import ModelBlock
from semradio.blocks.neural.model_file import find_model
from semradio.flowgraphs.plan import Plan

_DIGITS = 12
"""Of a checksum, in messages."""

_LONG = 200
"""Characters of a value from which on its checksum stands for it."""

_MANY = 150
"""Blocks from which on a checksum stands for all of them: a greeting has little room."""

_MOST_BYTES = 1 << 20
"""Bytes of what is said, unpacked."""


class Agreement(msgspec.Struct):
    """What one process runs.

    Attributes:
        process: its name.
        version: of the semradio that is installed there.
        blocks: the process and the type of each block of the flowgraph.
        edges: label and policy of each edge, in order.
        parameters: of each block, those that must be the same on every host.
        models: SHA-256 of each model that is at hand, by the block that runs it.
        checksum: in place of blocks, edges and parameters, where there are many.
    """

    process: str
    version: str
    blocks: dict[str, tuple[str, str]]
    edges: list[str]
    parameters: dict[str, dict[str, Any]]
    models: dict[str, str]
    checksum: str = ""

    def encode(self) -> bytes:
        """Return it as JSON, compressed."""
        return zlib.compress(msgspec.json.encode(self, enc_hook=str))

    def difference_to(self, said: bytes) -> str:
        """Return the first difference to what a receiver has said, in words; '' if there is none.

        Args:
            said: what :meth:`encode` gave there.
        """
        try:
            theirs = _decode(said)
        except (msgspec.DecodeError, UnicodeDecodeError, zlib.error):
            return "what it says of itself cannot be read; is it the same version of semradio?"
        # As it travels: there tuples are lists.
        return _decode(self.encode())._difference(theirs)

    def _difference(self, theirs: Agreement) -> str:
        here, there = f"in process '{self.process}'", f"in process '{theirs.process}'"

        def differs(what: str, mine: Any, other: Any) -> str:
            return f"{what} is {mine} {here} and {other} {there}"

        if self.version != theirs.version:
            return differs("semradio's version", self.version, theirs.version)
        if self.checksum != theirs.checksum:
            return differs(
                "the checksum of the flowgraph", _short(self.checksum), _short(theirs.checksum)
            )
        for name in {**self.blocks, **theirs.blocks}:
            if name not in self.blocks or name not in theirs.blocks:
                missing = there if name in self.blocks else here
                return f"there is no block '{name}' {missing}"
            for what, mine, other in zip(
                ("process", "type"), self.blocks[name], theirs.blocks[name], strict=True
            ):
                if mine != other:
                    return differs(f"the {what} of block '{name}'", f"'{mine}'", f"'{other}'")
        for number, label in enumerate(self.edges):
            if theirs.edges[number : number + 1] != [label]:
                return f"edge {label}, {here}, is not there {there}, or in another place"
        if len(theirs.edges) > len(self.edges):
            return f"edge {theirs.edges[len(self.edges)]}, {there}, is not there {here}"
        for name, values in self.parameters.items():
            others = theirs.parameters.get(name, {})
            for key in {**values, **others}:
                if values.get(key) != others.get(key):
                    return differs(f"{name}.{key}", values.get(key), others.get(key))
        for name in self.models.keys() & theirs.models.keys():
            mine, other = self.models[name], theirs.models[name]
            if mine != other:
                return differs(f"the model of block '{name}'", _short(mine), _short(other))
        return ""


def agreement(plan: Plan, process: str) -> Agreement:
    """Return what a process of a plan runs."""
    homes = {block: home.name for home in plan.processes.values() for block in home.blocks}
    found = Agreement(
        process,
        importlib.metadata.version("semradio"),
        {name: (homes.get(name, ""), block.type) for name, block in plan.blocks.items()},
        [f"{edge.label} ({edge.policy})" for edge in plan.edges],
        {name: _everywhere(block.type, block.parameters) for name, block in plan.blocks.items()},
        _models(plan),
    )
    if len(found.blocks) < _MANY:
        return found
    told = msgspec.json.encode([found.blocks, found.edges, found.parameters], enc_hook=str)
    return Agreement(
        process, found.version, {}, [], {}, found.models, hashlib.sha256(told).hexdigest()
    )


def _decode(said: bytes) -> Agreement:
    text = zlib.decompressobj().decompress(said, _MOST_BYTES)
    return msgspec.json.decode(text, type=Agreement)


def _everywhere(block_type: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a block, defaults included, that may not differ between hosts."""
    declared = registry.find(block_type).parameters
    values = {name: p.default for name, p in declared.items() if not p.required} | parameters
    free = {name for name, p in declared.items() if p.secret or p.live}
    return {
        name: _shortened(value)
        for name, value in values.items()
        if name not in free and not _of_a_host(value)
    }


def _shortened(value: Any) -> Any:
    """Return a value, or a checksum in place of a long one."""
    text = msgspec.json.encode(value, enc_hook=str)
    return value if len(text) < _LONG else _short(hashlib.sha256(text).hexdigest())


def _of_a_host(value: Any) -> bool:
    """Whether a value names a file, an address, or a list of them."""
    if isinstance(value, list | tuple):
        return any(map(_of_a_host, value))
    return isinstance(value, str) and ("/" in value or "\\" in value or Path(value).suffix != "")


def _models(plan: Plan) -> dict[str, str]:
    found = {}
    read: dict[str, str] = {}
    for name, block in plan.blocks.items():
        model = block.parameters.get("model")
        if isinstance(model, str) and issubclass(registry.find(block.type), ModelBlock):
            if model not in read:
                read[model] = _checksum(model)
            # Only hosts that run the block need it.
            if read[model]:
                found[name] = read[model]
    return found


def _checksum(model: str) -> str:
    """Return the SHA-256 of a model; '' if it is not at hand."""
    try:
        with find_model(model).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, SemradioError):
        return ""


def _short(digest: str) -> str:
    return f"sha256 {digest[:_DIGITS]}..."
