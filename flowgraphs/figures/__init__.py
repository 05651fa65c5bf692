"""Figures: one command trains what is missing, sweeps flowgraphs, and draws.

Each figure is declared in a module of this package under the name ``FIGURE``; that is all there is
to adding one.
"""
