"""What a sweep runs, what it keeps, and what it refuses."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sweep_rows import timeless

from semradio.blocks.errors import ParameterError
from semradio.blocks.neural.model_file import find_model
from semradio.flowgraphs import Flowgraph, FlowgraphError, RunError
from semradio.flowgraphs.sweep import Sweep, SweepError, SweepProgress, Table


class Counting:
    """Remembers what a sweep tells of its progress."""

    def __init__(self) -> None:
        self.told: list[SweepProgress] = []

    def __call__(self, progress: SweepProgress) -> None:
        self.told.append(progress)

    @property
    def ran(self) -> int:
        return self.told[-1].done - self.told[-1].reused


def ran(sweep: Sweep, **options: Any) -> int:
    """Run one-worker, and return how many cells were run."""
    counting = Counting()
    sweep.run("out.csv", jobs=1, on_progress=counting, **options)
    return counting.ran


def test_the_table_is_that_of_single_runs(folder: Path) -> None:
    told = Counting()
    sweep = Sweep(
        "noise.yml",
        axes={"seed": [3, 4], "snr_db": "0:10:5", "head.items": [50]},
        overrides=["source.data=[1.0]"],
    )
    table = sweep.run("out.csv", jobs=2, on_progress=told)
    assert table.columns[:6] == [
        "seed",
        "snr_db",
        "head.items",
        "twice",
        "source.data",
        "power.items",
    ]
    assert table.columns[-1] == "elapsed_s"
    assert table.axes == ("seed", "snr_db", "head.items")
    assert [(r["seed"], r["snr_db"]) for r in table.rows] == [
        (3, 0), (3, 5), (3, 10), (4, 0), (4, 5), (4, 10),
    ]  # fmt: skip
    for row in table.rows:
        single = Flowgraph.load(
            "noise.yml", ["source.data=[1.0]", "head.items=50"],
            seed=row["seed"], snr_db=row["snr_db"],
        ).run()  # fmt: skip
        assert row["twice"] == 2 * row["seed"]
        assert row["source.data"] == "[1.0]"
        assert row["power.items"] == 50
        assert row["power.power"] == single["power"]["power"]
        assert row["elapsed_s"] > 0
    assert [p.done for p in told.told] == list(range(7))
    assert {p.total for p in told.told} == {6}
    read = Table.read("out.csv")
    assert (read.columns, read.rows) == (table.columns, table.rows)
    written = {path.name for path in folder.glob("out*")}
    assert (
        {"out.csv", "out.sweep.sqlite"} <= written <= {"out.csv", "out.sweep.sqlite", "out.parquet"}
    )


def test_what_is_finished_is_not_run_again(folder: Path) -> None:
    axes = {"snr_db": [0, 5], "seed": "1..2"}
    assert ran(Sweep("noise.yml", axes)) == 4
    before = Path("out.csv").read_bytes()
    assert ran(Sweep("noise.yml", axes)) == 0
    assert Path("out.csv").read_bytes() == before
    # More values: only those that are new. Another order of the same: nothing.
    assert ran(Sweep("noise.yml", {**axes, "seed": "1..3"})) == 2
    assert ran(Sweep("noise.yml", {"seed": [3, 1], "snr_db": [5, 0]})) == 0
    assert [row["seed"] for row in Table.read("out.csv").rows] == [3, 3, 1, 1]
    # An edited file is another flowgraph, until the edit is undone.
    text = Path("noise.yml").read_text()
    Path("noise.yml").write_text(text.replace("items: 100", "items: 90"))
    assert ran(Sweep("noise.yml", axes)) == 4
    assert {row["power.items"] for row in Table.read("out.csv").rows} == {90}
    Path("noise.yml").write_text(text)
    assert ran(Sweep("noise.yml", axes)) == 0
    assert ran(Sweep("noise.yml", axes), fresh=True) == 4


def keys(sweep: Sweep) -> list[str]:
    """What the store knows the cells by."""
    return [cell.key for cell in sweep.grid().cells]


def test_what_a_result_follows_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = Sweep("noise.yml", {"seed": [1, 2]})
    before = keys(sweep)
    assert len(set(before)) == 2
    text = Path("noise.yml").read_text()
    # Where it stands, its comments and its processes make no difference.
    moved = f"# told\ndoc: Noise.{text}processes: {{a: [source, head], b: [air, power]}}\n"
    Path("moved.yml").write_text(moved)
    assert keys(Sweep("moved.yml", {"seed": [1, 2]})) == before
    changes = [
        text.replace("snr_db: 10.0", "snr_db: 10.5"),
        text.replace("head:   {", "head:   {enabled: true, "),
        text.replace("air", "sea"),
        text.replace(
            "  - source -> head ->", "  - {connect: source -> head, queue: 64}\n  - head ->"
        ),
        text + "chunk: 5\n",
    ]
    for changed in changes:
        Path("changed.yml").write_text(changed)
        assert not set(keys(Sweep("changed.yml", {"seed": [1, 2]}))) & set(before)
    assert not set(keys(Sweep("noise.yml", {"seed": [1, 2]}, chunk=5))) & set(before)
    monkeypatch.setattr("semradio.flowgraphs.sweep.grid.version", lambda: "99.0")
    assert not set(keys(sweep)) & set(before)


def changed(sweep: Sweep, before: list[str]) -> list[bool]:
    """Which cells are no more what they were."""
    return [new != old for new, old in zip(keys(sweep), before, strict=True)]


def test_an_input_that_changes_makes_its_cells_stale(folder: Path) -> None:
    model = find_model("arn/encoder").read_bytes()
    for name in "ab":
        (folder / f"{name}.onnx").write_bytes(model)
    np.save("images.npy", np.zeros((5, 28, 28), np.uint8))
    (folder / "link.yml").write_text(
        "flowgraph: link\nvariables: {seed: 1, name: a}\nblocks:\n"
        "  source: {block: image_source, dataset: images.npy}\n"
        "  encoder: {block: semantic_encoder, model: '${name}.onnx'}\n"
        "  power: {block: signal_power}\nconnections: [source.image -> encoder -> power]\n"
    )
    sweep = Sweep("link.yml", {"name": ["a", "b"]})
    before = keys(sweep)
    assert changed(sweep, before) == [False, False]
    (folder / "b.onnx").write_bytes(model + b"\x0a\x00")
    assert changed(sweep, before) == [False, True]
    (folder / "b.onnx").write_bytes(model)
    assert changed(sweep, before) == [False, False]
    (folder / "a.onnx.data").write_bytes(b"weights")
    assert changed(sweep, before) == [True, False]
    np.save("images.npy", np.ones((5, 28, 28), np.uint8))
    assert changed(sweep, before) == [True, True]
    (folder / "b.onnx").write_bytes(find_model("arn/decoder").read_bytes())
    with pytest.raises(FlowgraphError, match=r"(?s)semantic_decoder.*cell 2 \(name=b\)"):
        sweep.run("out.csv")
    (folder / "b.onnx").unlink()
    with pytest.raises(SweepError, match=r"cell 2 \(name=b\): no model file b\.onnx"):
        sweep.run("out.csv")


def test_a_recording_is_two_files(folder: Path) -> None:
    text = Path("noise.yml").read_text()
    source = "{block: file_source, file: air, type: float32, repeat: true}"
    Path("air.yml").write_text(re.sub(r"source: {.*}", f"source: {source}", text))
    for file in ("air", "air.sigmf-meta", "air.sigmf-data"):
        before = keys(Sweep("air.yml", {"seed": [1]}))
        Path(file).write_bytes(bytes(8))
        assert changed(Sweep("air.yml", {"seed": [1]}), before) == [True]


def test_a_file_that_changes_while_the_sweep_runs(folder: Path) -> None:
    text = Path("fate.yml").read_text()
    Path("fate.yml").write_text(
        text.replace(
            "{block: vector_source, data: [1.0, -1.0]}", "{block: file_source, file: x.npy}"
        )
    )
    np.save("x.npy", np.zeros(5, np.float32))
    for file, named in (("x.npy", "source.file"), ("fate.py", "fate.py")):

        def change(progress: SweepProgress, file: str = file) -> None:
            Path(file).write_bytes(Path(file).read_bytes() + b"#")

        with pytest.raises(RunError, match=f"(?s){named}: the file is not the one"):
            sweep = Sweep("fate.yml", {"number": [1]}, allow_code=True)
            sweep.run(jobs=1, on_progress=change)
        np.save("x.npy", np.zeros(5, np.float32))


def test_code_and_data_sets_that_change(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = Sweep("fate.yml", {"number": [1]}, allow_code=True)
    before = keys(sweep)
    Path("fate.py").write_text(Path("fate.py").read_text() + "# other\n")
    assert changed(sweep, before) == [True]
    home = tmp_path_factory.mktemp("data")
    (home / "mnist").mkdir()
    for kind in ("images-idx3", "labels-idx1"):
        (home / "mnist" / f"train-{kind}-ubyte").write_bytes(b"one")
    monkeypatch.setenv("SEMRADIO_DATA", str(home))
    sweep = Sweep("arn_link", {"seed": [1]})
    before = keys(sweep)
    (home / "mnist" / "train-labels-idx1-ubyte").write_bytes(b"two")
    assert changed(sweep, before) == [True]


def test_another_key_is_another_result(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = Path("noise.yml").read_text()
    text = text.replace(
        "source: {block: vector_source, data: [1.0, -1.0], repeat: true}",
        "source: {block: null_source, type: 'float32[8]'}",
    )
    text = text.replace("  air:  ", "  lock: {block: keyed_rotation, keys: '${keys}'}\n  air:  ")
    text = text.replace("seed: 1\n", "seed: 1\n  keys: file:link.key\n")
    Path("keyed.yml").write_text(text.replace("head -> air", "head -> lock -> air"))
    secret = Path("link.key")
    secret.touch(0o600)
    secret.write_text("5a" * 32)
    monkeypatch.setenv("LINK_KEY", "5a" * 32)
    sweep = Sweep("keyed.yml", {"keys": "file:link.key,env:LINK_KEY", "seed": [1]})
    before = keys(sweep)
    assert ran(sweep) == 2
    # White space is no part of a key.
    secret.write_text("5a" * 32 + "\n")
    assert changed(sweep, before) == [False, False]
    secret.write_text("c3" * 32)
    assert changed(sweep, before) == [True, False]
    monkeypatch.setenv("LINK_KEY", "c3" * 32)
    assert changed(sweep, before) == [True, True]
    assert ran(sweep) == 2
    for file in folder.glob("out*"):
        assert b"c3" * 32 not in file.read_bytes()
    monkeypatch.delenv("LINK_KEY")
    with pytest.raises(SweepError, match=r"cell 2 .*block 'lock': no key in .* LINK_KEY"):
        sweep.run("out.csv")
    secret.unlink()
    with pytest.raises(SweepError, match=r"cell 1 .*block 'lock': no key file 'link\.key'"):
        sweep.run("out.csv")


def test_what_a_worker_gets_of_a_key_is_its_public_name(folder: Path) -> None:
    from semradio.blocks.security.keystream import fingerprint
    from semradio.flowgraphs.sweep.job import decode

    Path("link.key").touch(0o600)
    Path("link.key").write_text("5a" * 32)
    sweep = Sweep("keyed_link", {"frames": [10]}, ["keys=[file:link.key]", "session=4"])
    (cell,) = sweep.grid().cells
    name = fingerprint(bytes.fromhex("5a" * 32), "link 4")
    found = decode(cell.job).files
    assert (found["lock.keys"], found["unlock.keys"]) == (name, name)


def test_values_that_name_other_axes(folder: Path) -> None:
    table = Sweep("noise.yml", {"seed": [1, 2], "snr_db": "${10 * seed}"}).run(jobs=1)
    assert [row["snr_db"] for row in table.rows] == [10, 20]
    assert list(folder.glob("*sqlite")) == []


def test_cells_that_are_the_same_run_run_once(folder: Path) -> None:
    counting = Counting()
    sweep = Sweep("noise.yml", {"air.seed": ["${0 + 7}", 7][1:], "head.items": "100,${99 + 1}"})
    table = sweep.run(jobs=1, on_progress=counting)
    assert len(counting.told) == 2
    assert counting.told[-1].done == 2
    assert timeless(table)[0] == timeless(table)[1]


def test_a_cell_that_fails_ends_the_sweep(folder: Path) -> None:
    sweep = Sweep("fate.yml", {"number": [1, 2], "what": ["pass", "fail"]}, allow_code=True)
    with pytest.raises(RunError) as error:
        sweep.run("out.csv", jobs=1)
    assert "cell 2 (number=1, what=fail): " in str(error.value)
    assert "block 'fate' failed in the items from 0 on: ValueError: no luck" in str(error.value)
    assert "fate.yml:7" in str(error.value)
    assert "no luck" in error.value.trace
    # The table has what had finished, and nothing older stands beside it.
    assert "out.csv holds the cells that are finished, 1 of 4" in str(error.value)
    (row,) = Table.read("out.csv").rows
    assert (row["number"], row["what"], row["power.items"]) == (1, "pass", 2)
    # What had finished is kept, and the rest runs where failures are noted.
    told = Counting()
    table = sweep.run("out.csv", jobs=1, keep_going=True, on_progress=told)
    assert (told.told[0].reused, told.told[-1].done, told.told[-1].failed) == (1, 2, 2)
    assert [row["error"] is None for row in table.rows] == [True, False, True, False]
    assert "no luck" in table.rows[3]["error"]
    assert table.rows[3]["power.power"] is None
    # A cell that failed is not finished, and tried again.
    with pytest.raises(RunError, match=r"cell 2 \(number=1, what=fail\)"):
        sweep.run("out.csv", jobs=1)


def test_a_worker_that_dies_ends_the_sweep(folder: Path) -> None:
    sweep = Sweep("fate.yml", {"number": "1..3", "what": "pass,die"}, allow_code=True)
    told = Counting()
    with pytest.raises(RunError) as error:
        sweep.run("out.csv", jobs=1, on_progress=told)
    assert "cell 2 (number=1, what=die): its worker process (pid " in str(error.value)
    assert "killed by signal 9 (SIGKILL)" in str(error.value)
    assert told.told[-1].done == 1
    assert [row["number"] for row in Table.read("out.csv").rows] == [1]
    assert ran(Sweep("fate.yml", {"number": "1..3"}, ["what=pass"], allow_code=True)) == 2


def test_sinks_that_write_files_take_part_when_told(folder: Path) -> None:
    text = Path("noise.yml").read_text()
    Path("noise.yml").write_text(
        text.replace("  power: ", "  file: {block: file_sink, file: out.f32}\n  power: ")
        + "  - air -> file\n"
    )
    plain = Sweep("noise.yml", {"seed": [1, 2]})
    plain.run(jobs=1)
    assert plain.left_out == {"file": "out.f32"}
    assert not list(folder.glob("*.f32"))
    with pytest.raises(SweepError, match=r"'file' would write out\.f32, as in cell 1"):
        Sweep("noise.yml", {"seed": [1, 2]}, files=True).run(jobs=1)
    told = Sweep("noise.yml", {"seed": [1, 2]}, ["file.file=out-${seed}.f32"], files=True)
    table = told.run(jobs=1)
    assert told.left_out == {}
    assert [row["file.items"] for row in table.rows] == [100, 100]
    assert {path.name for path in folder.glob("*.f32")} == {"out-1.f32", "out-2.f32"}


def test_nothing_but_files(folder: Path) -> None:
    text = Path("noise.yml").read_text()
    Path("noise.yml").write_text(text.replace("signal_power", "file_sink, file: out.f32"))
    with pytest.raises(SweepError, match="--files"):
        Sweep("noise.yml", {"seed": [1, 2]}).run()


@pytest.mark.parametrize(
    ("axes", "overrides", "kind", "words"),
    [
        ({"snr_bd": [0]}, [], FlowgraphError, ["'snr_bd' (did you mean 'snr_db'?)"]),
        ({"air.snr": [0]}, [], FlowgraphError, ["'snr' of block 'air' (did you mean 'snr_db'?)"]),
        ({"snr_db": [0, 5, 1000]}, [], FlowgraphError, ["cell 3 (snr_db=1000)", "-100 to 200 dB"]),
        ({"seed": "1,${sed}"}, [], FlowgraphError, ["cell 2", "'sed' (did you mean 'seed'?)"]),
        ({"seed": [1]}, ["seed=2"], ParameterError, ["both an axis and an override"]),
        ({"seed": "0..999", "snr_db": "0..1001"}, [], ParameterError, ["cells, more than"]),
    ],
)
def test_what_is_wrong_is_found_before_anything_runs(
    folder: Path, axes: Any, overrides: list[str], kind: type[Exception], words: list[str]
) -> None:
    told = Counting()
    with pytest.raises(kind) as error:
        Sweep("noise.yml", axes, overrides).run("out.csv", on_progress=told)
    for word in words:
        assert word in str(error.value)
    assert told.told == []
    assert list(folder.glob("out*")) == []


def test_a_variable_with_the_name_of_a_column(folder: Path) -> None:
    text = Path("noise.yml").read_text()
    Path("noise.yml").write_text(text.replace("seed: 1", "seed: 1\n  error: 2"))
    with pytest.raises(SweepError, match="the variable 'error' has the name of a column"):
        Sweep("noise.yml", {"seed": [1]}).run()


def damage_a_result(store: Path) -> None:
    database = sqlite3.connect(store)
    database.execute("UPDATE cells SET result = '{'")
    database.commit()
    database.close()


@pytest.mark.parametrize(
    "damage",
    [
        lambda store: store.write_bytes(b"not a database, however one looks at it"),
        lambda store: store.write_bytes(store.read_bytes()[:5000]),
        damage_a_result,
    ],
    ids=["text", "truncated", "result"],
)
def test_a_damaged_store(folder: Path, damage: Callable[[Path], None]) -> None:
    from semradio.flowgraphs.sweep.store import Store

    sweep = Sweep("noise.yml", {"seed": [1]})
    grid = sweep.grid()
    with Store(folder / "out.sweep.sqlite") as store:
        store.add(grid.cells[0].key, {"results": {}, "elapsed_s": 1.0})
    damage(folder / "out.sweep.sqlite")
    with pytest.raises(SweepError) as error:
        sweep.run("out.csv")
    assert "out.sweep.sqlite is damaged" in str(error.value)
    assert "delete it" in str(error.value)


@pytest.mark.parametrize(
    "made_by", ["CREATE TABLE mine (x)", "PRAGMA application_id = 7"], ids=["table", "number"]
)
def test_the_database_of_another_program(folder: Path, made_by: str) -> None:
    path = folder / "out.sweep.sqlite"
    database = sqlite3.connect(path)
    database.execute(made_by)
    database.close()
    before = path.read_bytes()
    with pytest.raises(SweepError, match="the file of another program") as error:
        Sweep("noise.yml", {"seed": [1]}).run("out.csv")
    assert "delete" not in str(error.value)
    assert path.read_bytes() == before
    assert [file.name for file in folder.glob("out*")] == [path.name]


def test_a_name_that_no_store_can_have_is_not_damaged() -> None:
    from semradio.flowgraphs.sweep.store import Store

    with pytest.raises(SweepError, match="cannot use the store"):
        Store(Path("a\0b"))


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("out.xls", "a .csv or a .parquet file"),
        ("none/out.csv", "cannot write the table none/out.csv"),
    ],
)
def test_tables_that_cannot_be_written(folder: Path, out: str, words: str) -> None:
    with pytest.raises(SweepError, match=words):
        Sweep("noise.yml", {"seed": [1]}).run(out)


@pytest.mark.parametrize("file", ["out.csv", "out.parquet", "out.summary.csv"])
def test_folders_where_files_shall_be(folder: Path, file: str) -> None:
    Path(file).mkdir()
    told = Counting()
    with pytest.raises(SweepError, match=rf"cannot write {re.escape(file)}: it is a folder"):
        Sweep("noise.yml", {"seed": [1]}).run("out.csv", jobs=1, on_progress=told)
    assert told.told == []
    assert [path.name for path in folder.glob("out*")] == [file]


def test_nothing_old_stays_beside_a_new_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("out.parquet", "out.summary.csv", "outer.summary.csv"):
        Path(name).write_text("old")
    monkeypatch.setattr("semradio.flowgraphs.sweep.outputs.parquet_available", lambda: False)
    Sweep("noise.yml", {"seed": [1]}).run("out.csv", jobs=1)
    assert {path.name for path in folder.glob("out*")} == {
        "out.csv", "out.sweep.sqlite", "outer.summary.csv",
    }  # fmt: skip


def test_the_preparation_is_told(folder: Path) -> None:
    told: list[tuple[int, int] | str] = []
    Sweep("noise.yml", {"seed": "1..3"}).run(
        jobs=1,
        on_preparation=lambda done, total: told.append((done, total)),
        on_progress=lambda progress: told.append("runs"),
    )
    assert told == [(1, 3), (2, 3), (3, 3), *["runs"] * 4]


def test_without_pyarrow(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semradio.flowgraphs.sweep.table.parquet_available", lambda: False)
    with pytest.raises(SweepError, match=r'pip install "semradio\[sweep\]"'):
        Sweep("noise.yml", {"seed": [1]}).run("out.parquet")
    assert list(folder.glob("out*")) == []


def test_lists_are_json_text_unless_they_are_long() -> None:
    from semradio.flowgraphs.sweep.sweep import flat

    results = {"a": {"x": 1, "m": [[1, 2]], "inner": {"y": None}, "long": list(range(50_000))}}
    assert dict(flat(results)) == {"a.x": 1, "a.m": "[[1, 2]]", "a.inner.y": None}
    assert json.loads(dict(flat(results))["a.m"]) == [[1, 2]]
