"""What a page records is the stream, in files that NumPy and the package sigmf read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pages import Looker, Viewer

from semradio.blocks.api.item_type import Array, ItemType
from semradio.blocks.api.tag import Tag
from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.view.feed import Frame
from semradio.flowgraphs.view.web.recording import Recording

sigmf = pytest.importorskip("sigmf", reason="the package sigmf is not installed")
pytest.importorskip("uvicorn", reason="the extra [view] is not installed")

Start = Callable[..., Any]


@pytest.fixture
def page(start: Start, looked_at: str, tmp_path: Path) -> Iterator[Looker]:
    """A page of a run, whose viewer writes into the folder ``recorded``."""
    start(looked_at, "items=100000000", "rate=4000")
    folder = tmp_path / "recorded"
    folder.mkdir()
    viewer = Viewer(folder=folder)
    try:
        _, cookie = viewer.enter(viewer.token())
        with viewer.socket(cookie) as line:
            looker = Looker(line)
            while looker.until("run")["state"] != "running":
                looker.take()
            yield looker
    finally:
        viewer.end()


def recorded(page: Looker, port: str, kind: str, items: int = 3000) -> dict[str, Any]:
    """Record some items of a port; returns what the page is told of the file."""
    assert page.ask(do="record", port=port, kind=kind) == {"ask": 1, "done": True}
    deadline = time.monotonic() + 120
    while not (found := [r for r in page.news["recordings"] if r["items"] > items]):
        assert time.monotonic() < deadline, page.news["recordings"]
        page.take()
    page.ask(do="record", port=port, kind="stop")
    while (found := page.news["recordings"][-1])["open"]:
        page.take()
    return dict(found)


def check_stretches(values: Array, starts: list[tuple[int, int]], factor: int = 1) -> None:
    """Check counts: from each start in the file on they go up from one item of the stream."""
    places = [*(place for place, _ in starts), len(values)]
    for (place, item), end in zip(starts, places[1:], strict=True):
        np.testing.assert_array_equal(
            values[place:end], factor * np.arange(item, item + end - place)
        )


def test_a_sigmf_recording_is_the_stream(page: Looker) -> None:
    found = recorded(page, "double.y", "sigmf")
    assert found["trouble"] == ""
    handle = sigmf.sigmffile.fromfile(found["file"])
    handle.validate()
    info = handle.get_global_info()
    assert info["core:datatype"] == "rf32_le"
    assert info["core:num_channels"] == 4
    samples = handle.read_samples()
    assert samples.shape == (found["items"], 4)
    captures = handle.get_captures()
    starts = [(c["core:sample_start"], c["core:global_index"]) for c in captures]
    (first, from_item), (last, to_item) = starts[0], starts[-1]
    assert (to_item - from_item) - (last - first) == found["left_out"]
    for channel in range(4):
        check_stretches(samples[:, channel], starts, 2)
    # Tags stay with their items.
    for note in handle.get_annotations():
        if note["semradio:key"] == "hundred":
            assert samples[note["core:sample_start"], 0] == 200 * note["semradio:value"]


def test_a_numpy_recording_is_the_stream(page: Looker) -> None:
    found = recorded(page, "source.rest", "npy")
    values = np.load(found["file"])
    assert values.dtype == np.int32
    assert len(values) == found["items"]
    steps = np.diff(values)
    assert (steps >= 1).all()
    assert (steps - 1).sum() == found["left_out"]


def test_what_cannot_be_recorded_is_refused(page: Looker) -> None:
    said = page.ask(do="record", port="source.rest", kind="sigmf")["error"]
    assert "sigmf has no items of int32" in said
    assert "no port 'no.port'" in page.ask(do="record", port="no.port", kind="npy")["error"]
    assert "no kind of recording" in page.ask(do="record", port="air.y", kind="wav")["error"]
    assert page.news["recordings"] == []


def frame(index: int, values: list[complex], tags: list[Tag]) -> Frame:
    array = np.array(values, np.complex64)
    item = ItemType("complex64")
    return Frame(1, "a.y", item, index, 0, tags, 0, 0, len(array), False, array)


def test_gaps_begin_captures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recording = Recording("link", "a.y", "sigmf", ItemType("complex64"))
    recording.add(frame(100, [1, 2j], []))
    recording.add(frame(102, [3], [Tag(102, "snr_db", 7.5)]))
    recording.add(frame(110, [4, 5], []))
    recording.close()
    assert recording.about["left_out"] == 7
    handle = sigmf.sigmffile.fromfile(recording.about["file"])
    captures = [(c["core:sample_start"], c["core:global_index"]) for c in handle.get_captures()]
    assert captures == [(0, 100), (3, 110)]
    np.testing.assert_array_equal(handle.read_samples(), [1, 2j, 3, 4, 5])
    (note,) = handle.get_annotations()
    assert (note["core:sample_start"], note["semradio:value"]) == (2, 7.5)


def test_a_folder_that_cannot_be_written_to_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for kind in ("sigmf", "npy"):
        with pytest.raises(SemradioError, match="cannot be written"):
            Recording("link", "a.y", kind, ItemType("complex64"))
