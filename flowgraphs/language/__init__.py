"""The flowgraph language: YAML files in, plans and checked graphs out."""

from semradio.flowgraphs.language.dump import dump
from semradio.flowgraphs.language.loading import check, load
from semradio.flowgraphs.language.schema import schema
from semradio.flowgraphs.language.shipped import find, shipped

__all__ = ["check", "dump", "find", "load", "schema", "shipped"]
