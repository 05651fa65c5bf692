"""The section ``view``: what a page opens first, and what is wrong with it, by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from semradio.flowgraphs import Flowgraph, FlowgraphError
from semradio.flowgraphs.language import load
from semradio.flowgraphs.language.dump import dump
from semradio.flowgraphs.plan import PanelPlan, ViewPlan

FLOWGRAPH = """flowgraph: looked_at
variables: {rate: 8000.0, items: 1000}
indices: {k: 2}
blocks:
  source: {block: signal_source, sample_rate: "${rate}", frequency: 1, items: "${items}"}
  air[k]: {block: awgn_channel, snr_db: 10, seed: "${k}"}
  sink[k]: {block: null_sink}
connections:
  - source -> air[k] -> sink[k]
"""
VIEW = """view:
  pace: ${rate / 2}
  variables: {items: 100000}
  panels:
    both: {of: "air[k].y", show: spectrum, sample_rate: "${rate}", center: 1e6}
    one: {of: source.y}
"""
SHIPPED = ("arn_link", "over_the_air", "irsc_link", "keyed_link", "fm_receiver", "spectrum_monitor")


def problems(view: str) -> str:
    with pytest.raises(FlowgraphError) as found:
        Flowgraph.load(FLOWGRAPH + view).check()
    return str(found.value)


def test_panels_are_read_with_expressions_and_repetition() -> None:
    view = load(FLOWGRAPH + VIEW).view
    assert view.pace == 4000
    assert view.variables == {"items": 100000}
    both, one = view.panels
    assert (both.title, both.of, both.show) == ("both", ["air[0].y", "air[1].y"], "spectrum")
    assert (both.sample_rate, both.center) == (8000.0, 1e6)
    assert (one.of, one.show, one.sample_rate) == (["source.y"], None, None)


def test_a_dumped_view_reads_back_the_same() -> None:
    plan = load(FLOWGRAPH + VIEW)
    again = load(dump(plan))

    def bare(view: ViewPlan) -> list[object]:
        panels = [(p.title, p.of, p.show, p.sample_rate, p.center, p.unit) for p in view.panels]
        return [view.pace, view.variables, panels]

    assert bare(again.view) == bare(plan.view)
    assert "view:" not in dump(load(FLOWGRAPH))
    assert load(FLOWGRAPH).view == ViewPlan()


@pytest.mark.parametrize(
    ("view", "line", "said"),
    [
        ("view: [a]\n", 10, "'view' must be a mapping of names"),
        ("view:\n  panel: {}\n", 11, "unknown key 'panel' (did you mean 'panels'?) of 'view'"),
        ("view:\n  pace: 0\n", 11, "'pace' must be a number above 0, not 0"),
        ("view:\n  variables: {item: 3}\n", 11, "unknown variable 'item' (did you mean 'items'?)"),
        ("view:\n  panels:\n    a: source.y\n", 12, "panel 'a' must be a mapping"),
        ("view:\n  panels:\n    a: {show: time}\n", 12, "panel 'a' needs 'of: block.port'"),
        (
            "view:\n  panels:\n    a: {of: source.y, show: spektrum}\n",
            12,
            "did you mean 'spectrum'",
        ),
        ("view:\n  panels:\n    a: {of: sourc.y}\n", 12, "unknown block 'sourc'"),
        ("view:\n  panels:\n    a: {of: source.x}\n", 12, "block 'source' has no port 'x'"),
        ("view:\n  panels:\n    a: {of: source}\n", 12, "'of' lists points 'block.port'"),
        ("view:\n  panels:\n    a: {of: source.y, center: x}\n", 12, "'center' must be a number"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(view: str, line: int, said: str) -> None:
    found = problems(view)
    assert said in found
    assert f":{line}:" in found


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_flowgraphs_have_a_view(name: str) -> None:
    plan = load(name)
    assert len(plan.view.panels) >= 3
    assert all(isinstance(panel, PanelPlan) and panel.of for panel in plan.view.panels)
    assert plan.view.pace
    # Not what an ordinary run does.
    assert plan.variables.get("repeat") is False


def test_a_paced_run_gives_the_same_items(tmp_path: Path) -> None:
    text = """flowgraph: paced
blocks:
  source: {block: noise_source, items: 500, seed: 3}
  sink: {block: file_sink, file: FILE}
  other: {block: null_sink}
connections:
  - source -> sink
  - source -> other
view: {pace: 1000000}
"""
    for name in ("plain", "paced"):
        flowgraph = Flowgraph.load(text.replace("FILE", str(tmp_path / name)))
        if name == "paced":
            flowgraph.pace(1e6)
            assert flowgraph.plan.blocks["pace_source"].type == "throttle"
        flowgraph.run()
    assert (tmp_path / "plain").read_bytes() == (tmp_path / "paced").read_bytes()
    assert (tmp_path / "plain").stat().st_size >= 500
