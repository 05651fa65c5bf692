"""The JSON Schema of flowgraph files, made from the registry, so that editors help and check."""

from __future__ import annotations

from semradio.blocks.api import registry
from semradio.blocks.api.block import Block
from semradio.blocks.api.docstring import block_doc
from semradio.blocks.errors import BlockNotFoundError
from semradio.flowgraphs.keys import keys_of
from semradio.flowgraphs.language.block_type import find_type
from semradio.flowgraphs.language.connection import ARROW
from semradio.flowgraphs.language.keys import EXPRESSION, Schema, or_expression, schemas
from semradio.flowgraphs.language.process import SHORT
from semradio.flowgraphs.plan import BlockPlan, EdgePlan, PanelPlan, Plan, ProcessPlan, ViewPlan


def schema() -> Schema:
    """Return the JSON Schema (2020-12) of a flowgraph file with all block types known here.

    Wherever a value may stand, text with ``${...}`` may stand as well. What only the checker
    can see (names, ports, expressions) the schema leaves to it.
    """
    types = _types()
    definitions: Schema = {
        "expression": {"type": "string", "pattern": r"\$\{", "description": "An expression."},
        "block": {
            "type": "object",
            "required": ["block"],
            "properties": {"block": {"type": "string", "description": "Type of the block."}},
            "allOf": [
                {
                    "if": {"properties": {"block": {"const": name}}, "required": ["block"]},
                    "then": {"$ref": f"#/$defs/block_{name}"},
                }
                for name in types
            ],
        },
        "type": {
            "anyOf": [
                {"enum": list(types), "description": "A block type."},
                {"pattern": r"\.ya?ml$", "description": "A flowgraph file used as a block."},
                EXPRESSION,
            ]
        },
        "point": {"type": "string", "description": "block or block.port"},
        "chain": {"type": "string", "pattern": ARROW, "description": "a.out -> b -> c.in"},
    }
    for name, cls in types.items():
        definitions[f"block_{name}"] = _block(cls, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "semradio flowgraph",
        "type": "object",
        "required": ["flowgraph", "blocks"],
        "additionalProperties": False,
        "properties": _top(),
        # A file of one's own may bring block types that are not known here.
        "if": {"not": {"required": ["code"]}},
        "then": {
            "properties": {
                "blocks": {
                    "additionalProperties": {"properties": {"block": {"$ref": "#/$defs/type"}}}
                }
            }
        },
        "$defs": definitions,
    }


def _types() -> dict[str, type[Block]]:
    """Return the block types that can be loaded here."""
    found = {}
    for name in registry.names():
        try:
            found[name] = find_type(name)
        except BlockNotFoundError:
            continue
    return found


def _block(cls: type[Block], definitions: Schema) -> Schema:
    properties: Schema = {
        "block": {"const": cls.block_type},
        **schemas(keys_of(BlockPlan).values()),
    }
    for key, declared in cls.parameters.items():
        value = declared.json_schema()
        definitions.update(value.pop("$defs", {}))
        about = {k: value.pop(k) for k in ("description", "default") if k in value}
        properties[key] = {**or_expression(value), **about}
    return {
        "type": "object",
        "description": block_doc(cls).told,
        "required": [key for key, declared in cls.parameters.items() if declared.required],
        "properties": properties,
        "additionalProperties": False,
    }


def _top() -> Schema:
    text: Schema = {"type": "string"}
    points: Schema = {
        "anyOf": [
            {"$ref": "#/$defs/point"},
            {"type": "array", "items": {"$ref": "#/$defs/point"}, "minItems": 1},
        ]
    }
    names: Schema = {"type": "array", "items": text, "minItems": 1}
    return {
        "flowgraph": {**text, "description": "Name of the flowgraph."},
        "doc": {"type": ["string", "null"], "description": "What it shows, for people."},
        "variables": _mapping({}, "Values that expressions may use."),
        "parameters": _mapping({}, "What a file used as a block takes: name and default."),
        "inputs": _mapping(points, "Input ports of a file used as a block."),
        "outputs": _mapping({"$ref": "#/$defs/point"}, "Output ports of a file used as a block."),
        "indices": _mapping(
            or_expression({"type": "integer", "minimum": 0}), "How often x[k] is repeated."
        ),
        "blocks": _mapping({"$ref": "#/$defs/block"}, "The blocks by name."),
        "connections": {
            "type": ["array", "null"],
            "description": "Which output feeds which input.",
            "items": {
                "anyOf": [
                    {"$ref": "#/$defs/chain"},
                    {
                        "type": "object",
                        "required": ["connect"],
                        "additionalProperties": False,
                        "properties": {
                            "connect": {"$ref": "#/$defs/chain"},
                            **schemas(keys_of(EdgePlan).values()),
                        },
                    },
                ]
            },
        },
        "processes": _mapping(
            {
                "anyOf": [
                    names,
                    {
                        "type": "object",
                        "required": ["blocks"],
                        "additionalProperties": False,
                        "properties": {
                            "blocks": names,
                            **schemas([*keys_of(ProcessPlan).values(), *SHORT.values()]),
                        },
                    },
                ]
            },
            "Which blocks run together.",
        ),
        "view": {
            "type": ["object", "null"],
            "description": "How the run is looked at.",
            "additionalProperties": False,
            "properties": {
                **schemas(keys_of(ViewPlan).values()),
                "variables": _mapping({}, "Values of variables when run with --view."),
                "panels": _mapping(
                    {
                        "type": "object",
                        "required": ["of"],
                        "additionalProperties": False,
                        "properties": {"of": points, **schemas(keys_of(PanelPlan).values())},
                    },
                    "What opens first, by title.",
                ),
            },
        },
        **schemas(keys_of(Plan).values()),
        "code": {
            "type": ["array", "null"],
            "items": text,
            "description": "Python files that define blocks; run only with --allow-code.",
        },
    }


def _mapping(values: Schema, description: str) -> Schema:
    return {
        "type": ["object", "null"],
        "additionalProperties": values,
        "description": description,
    }
