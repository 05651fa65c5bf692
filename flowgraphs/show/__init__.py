"""Pictures of a flowgraph: a listing for the terminal, a Mermaid flowchart, an SVG.

All of them work from a plan alone, so that a flowgraph can be looked at where its models and data
sets are missing; with the item types of a checked graph they show those too::

    graph = flowgraph.check()
    to_svg(graph.plan, graph.edge_types)
"""

from semradio.flowgraphs.show.mermaid import to_mermaid
from semradio.flowgraphs.show.svg import to_svg
from semradio.flowgraphs.show.text import to_text

__all__ = ["to_mermaid", "to_svg", "to_text"]
