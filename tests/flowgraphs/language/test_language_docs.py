"""The language reference: every example in it is loaded and made a graph of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from semradio.blocks.api import registry
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.language import dump, load
from semradio.flowgraphs.language.document import KEYS
from semradio.flowgraphs.language.expression import FUNCTIONS

PAGE = Path(__file__).parents[3] / "docs" / "language.md"
TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLES = {
    re.findall(r"^flowgraph: (\w+)", text, re.M)[0]: text
    for text in re.findall(r"^```yaml\n(.*?)^```", TEXT, re.M | re.S)
}
MY_BLOCKS = '''
from semradio.blocks.api import Input, Output, SyncBlock, block

@block("my_block", category="stream")
class MyBlock(SyncBlock):
    """Mine."""
    x = Input("any[...]")
    y = Output(like="x")

    def work(self, x, at):
        return x
'''


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every example as a file."""
    for name, text in EXAMPLES.items():
        (tmp_path / f"{name}.yml").write_text(text, encoding="utf-8")
    (tmp_path / "my_blocks.py").write_text(MY_BLOCKS, encoding="utf-8")
    # What an example registers goes with the test; what it finds in modules stays.
    monkeypatch.delitem(registry._registered, "my_block", raising=False)
    return tmp_path


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "noisy_gain"])
def test_example(name: str, page: Path) -> None:
    try:
        plan = load(page / f"{name}.yml", allow_code=True)
        graph = Graph(plan)
        assert set(graph.blocks) == set(plan.blocks)
        assert dump(load(dump(plan), allow_code=True)) == dump(plan)
    finally:
        registry._registered.pop("my_block", None)


def test_values_that_the_page_tells(page: Path) -> None:
    variables = load(page / "expressions.yml").variables
    assert variables["file"] == "result_10_dB.npy"
    assert variables["literal"] == "${snr_db}"
    assert variables["gain"] == 2.0
    hosts = load(page / "two_hosts.yml").processes
    assert (hosts["alice"].bind, hosts["alice"].endpoint) == (
        "tcp://0.0.0.0:5555",
        "tcp://alice.lan:5555",
    )
    plan = load(page / "two_hops.yml", ["hop[1]/air.snr_db=3", "hop[1].gain=2"])
    assert plan.blocks["hop[1]/air"].parameters["snr_db"] == 3
    assert plan.blocks["hop[1]/amplifier"].parameters["constant"] == 2
    assert plan.blocks["hop[0]/amplifier"].parameters["constant"] == 0.5
    for users in (1, 2, 4):
        assert len(load(page / "users.yml", [f"users={users}"]).blocks) == 4 * users + 1


def test_the_page_names_everything() -> None:
    for key in KEYS:
        assert f"`{key}`" in TEXT
    for name in FUNCTIONS:
        assert f"`{name}(" in TEXT
