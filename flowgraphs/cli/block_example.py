"""The example of a block, as somebody can run it who has nothing but a Python prompt."""

from __future__ import annotations

import contextlib
import doctest
import random
import re
import socket
from collections.abc import Collection

from semradio.blocks.api import registry
from semradio.blocks.api.block import Block
from semradio.blocks.api.docstring import block_doc
from semradio.blocks.errors import SemradioError

_NAME = re.compile(r"\b[A-Za-z_]\w*\b")

_PORT = re.compile(r"\b475\d\d\b")

_OTHERS = {"Flowgraph"}
"""Names of the package's face that examples use beside the classes of blocks."""


def runnable(cls: type[Block]) -> str:
    """Return a block's example with the imports that it needs in front, as doctest reads it.

    In docstrings these two lines are left out: ``np``, ``Flowgraph`` and the classes of blocks are
    understood there. A block that is not semradio's comes from its own module.
    """
    doc = block_doc(cls)
    if not doc.example:
        return ""
    used = set(_NAME.findall("".join(e.source for e in doc.statements)))
    face = sorted(used & {*registry.classes(), *_OTHERS})
    # Words of the example come first: what follows a statement is what it prints.
    words, prompt, code = doc.example.partition(">>>")
    lines = [">>> import numpy as np"] if "np" in used else []
    if face:
        lines += _imports("semradio", face)
    if cls.__name__ in used and cls.__name__ not in face:
        lines += _imports(cls.__module__, [cls.__name__])
    return words + "\n".join([*lines, prompt + code])


def _imports(module: str, names: list[str]) -> list[str]:
    line = f">>> from {module} import {', '.join(names)}"
    if len(line) <= 92:
        return [line]
    return [f">>> from {module} import (", *(f"...     {name}," for name in names), "... )"]


def failures(cls: type[Block]) -> str:
    """Run a block's example in the current folder; return what it gave other than it says, or ''.

    Ports from 47500 to 47599 stand for free ones.
    """
    text, ports = runnable(cls), dict[str, str]()
    for port in sorted(set(_PORT.findall(text))):
        ports[port] = str(_free_port(taken=ports.values()))
    text = _PORT.sub(lambda found: ports[found[0]], text)
    test = doctest.DocTestParser().get_doctest(text, {}, cls.block_type, None, 0)
    told: list[str] = []
    doctest.DocTestRunner(verbose=False).run(test, out=told.append)
    return "".join(told)


def _free_port(taken: Collection[str]) -> int:
    """Return a port below those that the system gives to whoever connects.

    Who connects to one of the latter before anybody listens there may meet himself.
    """
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as free, contextlib.suppress(OSError):
            free.bind(("127.0.0.1", port))
            if str(port) not in taken:
                return port
    raise SemradioError("no free port between 20000 and 30000")
