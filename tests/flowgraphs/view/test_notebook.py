"""A flowgraph in a notebook: drawn, and shown while it runs."""

from __future__ import annotations

import base64
import io
import re
import signal
from collections.abc import Callable

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


def run(
    monkeypatch: pytest.MonkeyPatch, view: bool | list[str], enough: Callable[[str], bool]
) -> str:
    """Run in what seems to be a notebook until it shows enough; returns what it showed last."""
    shown: list[str] = []

    def show(html: str) -> None:
        if not (shown and enough(shown[-1])):
            shown.append(html)
            if enough(html):
                # Ctrl-C: the streams drain and the run ends.
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(notebook, "_cell", lambda: show)
    result = Flowgraph.load(PICTURES).run(view=view, max_seconds=120)
    assert result["sink"]["items"] > 0
    assert shown
    assert enough(shown[-1]), shown[-1]
    return shown[-1]


def points(html: str) -> int:
    """How many points of the first picture are bright."""
    data = re.search(r"data:image/png;base64,([^\"]+)", html)
    if data is None:
        return 0
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data[1]))))
    assert picture.shape == (notebook.SIZE, notebook.SIZE, 3)
    return int(np.count_nonzero(picture.max(axis=2) > 100))


def test_a_run_is_shown_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    row = r"<td>air</td><td>[\d,]+</td><td>[\d,]+</td>"
    caption = "<figcaption>air.y, item"
    shown = run(
        monkeypatch,
        ["air.y"],
        lambda html: bool(re.search(row, html)) and caption in html and points(html) > 5,
    )
    assert "pace.x" not in shown
    # Points around the origin, on dark ground with axes.
    assert points(shown) < notebook.SIZE**2 / 2


def test_without_a_word_complex_outputs_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run(monkeypatch, True, lambda html: "<figcaption>" in html)
    assert {"source.y", "pace.x", "air.y"} & set(re.findall(r"<figcaption>([\w.]+),", shown))


def test_a_port_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "_cell", lambda: lambda html: None)
    with pytest.raises(ParameterError, match=r"did you mean 'air.y'"):
        Flowgraph.load(PICTURES).run(view=["air.z"], max_seconds=1)


def test_outside_a_notebook_it_says_so() -> None:
    with pytest.raises(ParameterError, match="in a notebook"):
        Flowgraph.load(PICTURES).run(view=True, max_seconds=1)
