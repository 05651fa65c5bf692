"""The flowgraph language: YAML files in, plans out."""

from semradio.flowgraphs.language.dump import dump
from semradio.flowgraphs.language.loading import load
from semradio.flowgraphs.language.schema import schema
from semradio.flowgraphs.language.shipped import find, shipped

__all__ = ["dump", "find", "load", "schema", "shipped"]
