"""A flowgraph in a notebook: drawn, and shown while it runs."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.view import notebook

PICTURES = """
flowgraph: shown
variables: {items: 1000000000}
blocks:
  source: {block: null_source, type: "complex64", items: "${items}"}
  pace:   {block: throttle, rate: 2000}
  air:    {block: awgn_channel, snr_db: 20, seed: 1}
  sink:   {block: null_sink}
connections: [source -> pace -> air -> sink]
"""


def test_a_notebook_draws_a_flowgraph() -> None:
    html = Flowgraph.load(PICTURES)._repr_html_()
    assert html.startswith("<div")
    assert "<svg" in html
    assert "awgn_channel" in html


def run(monkeypatch: pytest.MonkeyPatch, view: bool | list[str]) -> list[str]:
    """Run for a moment in what seems to be a notebook; returns what it showed."""
    shown: list[str] = []
    monkeypatch.setattr(notebook, "_cell", lambda: shown.append)
    result = Flowgraph.load(PICTURES).run(view=view, max_seconds=2.5)
    assert result["sink"]["items"] > 0
    return shown


def test_a_run_is_shown_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run(monkeypatch, ["air.y"])
    assert re.search(r"<td>air</td><td>[\d,]+</td><td>[\d,]+</td>", shown[-1])
    assert "<figcaption>air.y, item" in shown[-1]
    assert "pace.x" not in shown[-1]
    data = re.search(r"data:image/png;base64,([^\"]+)", shown[-1])
    assert data is not None
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data[1]))))
    assert picture.shape == (notebook.SIZE, notebook.SIZE, 3)
    # Points around the origin, on dark ground with axes.
    assert 5 < np.count_nonzero(picture.max(axis=2) > 100) < picture[..., 0].size / 2


def test_without_a_word_complex_outputs_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run(monkeypatch, True)
    assert {"source.y", "pace.x", "air.y"} & set(re.findall(r"<figcaption>([\w.]+),", shown[-1]))


def test_a_port_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "_cell", lambda: lambda html: None)
    with pytest.raises(ParameterError, match=r"did you mean 'air.y'"):
        Flowgraph.load(PICTURES).run(view=["air.z"], max_seconds=1)


def test_outside_a_notebook_it_says_so() -> None:
    with pytest.raises(ParameterError, match="in a notebook"):
        Flowgraph.load(PICTURES).run(view=True, max_seconds=1)
