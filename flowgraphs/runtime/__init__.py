"""The runtime: runs a checked graph, in this process or as one process per entry.

:mod:`share` is a process's part of the graph, :mod:`scheduler` steps its chains, ``edges`` joins
processes, ``run`` starts, watches, stops and reports.
"""
