"""What type checkers and editors read of the package ``semradio``: its ``__init__.pyi``."""

from __future__ import annotations

import semradio

_WIDTH = 100


def stub() -> str:
    """Return the stub file: every name of the flat face, imported from its home."""
    imports = sorted((module, name) for name, module in semradio._homes().items())
    lines = [
        "# Made by `semradio blocks --stub`; do not edit by hand.",
        "",
        *(_import(module, name) for module, name in imports),
        "",
        "__version__: str",
        "",
        "def _homes() -> dict[str, str]: ...",
    ]
    return "\n".join(lines) + "\n"


def _import(module: str, name: str) -> str:
    line = f"from {module} import {name} as {name}"
    return line if len(line) <= _WIDTH else f"from {module} import (\n    {name} as {name},\n)"
