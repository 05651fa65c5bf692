"""Docstrings: the same headings in the same order in every block, an example that runs, 0 gaps."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

import semradio
from semradio.blocks.api import names, registry
from semradio.blocks.api.docstring import HEADINGS, block_doc
from semradio.flowgraphs.cli.block_example import failures, runnable

OWN = sorted(name for name in names() if name in registry._own())

EXTRAS = {"Sigmf": "sigmf", "ConstellationSink": "matplotlib", "TimeSink": "matplotlib"}
EXTRAS |= {"SpectrumSink": "matplotlib", "WaterfallSink": "matplotlib", "VideoSink": "av"}
"""What the examples of some classes need beside the package itself."""

PACKAGE = Path(semradio.__file__).parent
FILES = sorted(
    file
    for folder in ("blocks", "export", "flowgraphs")
    for file in (PACKAGE / folder).rglob("*.py")
    if "__pycache__" not in file.parts
)


@pytest.mark.parametrize("name", OWN)
def test_headings_are_known_and_in_order(name: str) -> None:
    doc = block_doc(registry.find(name))
    assert list(doc.order) == [h for h in HEADINGS if h in doc.order], "order, or one twice"
    assert doc.summary.endswith("."), "the first paragraph is one sentence or two"
    assert "\n" not in doc.does.split("\n\n")[0], "the first sentence takes one line"
    for line in (registry.find(name).__doc__ or "").splitlines():
        heading, _, more = line.strip().partition(":")
        alone = heading not in HEADINGS or not more.strip()
        assert alone, f"'{heading}:' is a line of its own; what it tells stands below it, indented"
    assert doc.example, "no Example: a few statements that show what the block does"
    assert doc.statements, "the example has no '>>>'"


@pytest.mark.parametrize("name", OWN)
def test_a_block_that_has_results_tells_of_them(name: str) -> None:
    cls = registry.find(name)
    reports = any("results" in vars(c) or "figures" in vars(c) for c in cls.__mro__[:-4])
    reports = reports and cls.results is not registry.Block.results
    assert bool(block_doc(cls).results) or not reports, "results() without a heading Results"


@pytest.mark.parametrize("name", OWN)
@pytest.mark.usefixtures("stand_in", "uhd")
def test_the_example_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cls = registry.find(name)
    text = runnable(cls)
    for word, module in EXTRAS.items():
        if word in text and importlib.util.find_spec(module) is None:
            pytest.skip(f"needs {module}")
    monkeypatch.chdir(tmp_path)
    assert failures(cls) == ""


def test_an_example_that_says_something_else_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    class Liar(registry.find("copy")):  # type: ignore[misc]
        """Lie.

        Example:
            >>> Copy()(np.float32([1]))
            array([2.], dtype=float32)
        """

    assert "array([1.], dtype=float32)" in failures(Liar)


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_nothing_public_is_undocumented(file: Path) -> None:
    """Ruff asks for docstrings of modules, classes and functions; this asks for the methods.

    A method that stands in for one of a base class has that one's.
    """
    module = ast.parse(file.read_text(encoding="utf-8"))
    if file.name != "__init__.py" or module.body:
        assert ast.get_docstring(module), f"{file}: no docstring"
    bare = [
        f"{node.name}.{method.name}"
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        for method in node.body
        if isinstance(method, ast.FunctionDef)
        and not method.name.startswith("_")
        and ast.get_docstring(method) is None
        and not _inherited(file, node.name, method.name)
    ]
    assert not bare, f"{file}: no docstring: {', '.join(bare)}"


def _inherited(file: Path, owner: str, method: str) -> bool:
    """Whether a base class documents the method, or the protocol of the folder that has it."""
    if method == "work":
        # What it takes and gives is said by the kind of block, and by its ports.
        return True
    name = ".".join(("semradio", *file.relative_to(PACKAGE).with_suffix("").parts))
    try:
        module = importlib.import_module(name.removesuffix(".__init__"))
    except ImportError as error:
        pytest.skip(f"needs {error.name}")
    bases = list(getattr(module, owner, object).__mro__[1:])
    bases += [c for c in vars(module).values() if getattr(c, "_is_protocol", False)]
    return any(getattr(vars(c).get(method), "__doc__", None) for c in bases)
