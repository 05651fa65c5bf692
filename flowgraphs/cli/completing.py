"""What the shell may put in place of an unfinished word: flowgraphs, parameters, blocks, models.

click calls these while somebody types; nothing is told there, so what fails completes nothing.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem

Items = list[CompletionItem]


def flowgraphs(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Complete a shipped flowgraph, or the path of a file."""
    from semradio.flowgraphs.language.shipped import shipped

    return _items(shipped(), incomplete) or [CompletionItem(incomplete, type="file")]


def blocks(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Complete a block type."""
    from semradio.blocks.api import registry

    return _items(registry.names(), incomplete)


def models(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Complete the name of a model, or the path of a file."""
    from semradio.blocks.neural.model_file import list_models

    return _items(list_models(), incomplete) or [CompletionItem(incomplete, type="file")]


def recipes(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Complete the name of a training recipe."""
    from semradio.export.recipes import recipes as known

    return _items(known(), incomplete)


def figures(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Complete the name of a figure."""
    from semradio.flowgraphs.figures.catalogue import all_figures

    return _items(all_figures(), incomplete)


def overrides(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Complete NAME= and BLOCK.PARAM= of the flowgraph that stands before, and choices behind it.

    bash takes = for the end of a word: what is written as one comes as three, and click leaves out
    the = if it is the last.
    """
    given = [str(word) for word in ctx.params.get(param.name or "") or ()]
    file = ctx.params.get("file")
    if file is None:
        return []
    if len(given) > 1 and given[-1] == "=":
        return _items(_values(str(file), given[-2]), incomplete)
    # A word without = is a name whose = was left out, or the value behind a =.
    if given and "=" not in given[-1] and given[-2:-1] != ["="]:
        return _items(_values(str(file), given[-1]), "")
    name, equals, value = incomplete.partition("=")
    if equals:
        found = [v for v in _values(str(file), name) if v.startswith(value)]
        return [CompletionItem(f"{name}={v}") for v in found]
    return _items((f"{name}=" for name in _names(str(file))), incomplete)


def _names(file: str) -> list[str]:
    """Names that may be given values: variables, then parameters of blocks."""
    with contextlib.suppress(Exception), warnings.catch_warnings(action="ignore"):
        from semradio.blocks.api import registry
        from semradio.flowgraphs.language import load

        plan = load(file)
        names = list(plan.variables)
        for name, block in plan.blocks.items():
            names += [f"{name}.{key}" for key in registry.find(block.type).parameters]
        return names
    return []


def _values(file: str, name: str) -> list[str]:
    """Values that a name may have, where they can be listed."""
    with contextlib.suppress(Exception), warnings.catch_warnings(action="ignore"):
        from semradio.blocks.api import registry
        from semradio.blocks.neural.model_file import list_models
        from semradio.flowgraphs.language import load

        plan = load(file)
        block, _, key = name.rpartition(".")
        if not block:
            return ["true", "false"] if isinstance(plan.variables[name], bool) else []
        if key == "model":
            return list(list_models())
        declared = registry.find(plan.blocks[block].type).parameters[key]
        about = declared.json_schema()
        if about.get("type") == "boolean":
            return ["true", "false"]
        choices = about.get("enum") or [
            choice for part in about.get("anyOf", ()) for choice in part.get("enum", ())
        ]
        return [str(choice) for choice in choices if choice is not None]
    return []


def _items(words: Iterable[str], incomplete: str) -> Items:
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]
