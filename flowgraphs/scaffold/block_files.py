"""The files of a new block, by its kind."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template


@dataclass(frozen=True)
class _Kind:
    """What differs between kinds of blocks."""

    base: str
    body: str
    doc: str
    call: str
    printed: str
    check: str
    wires: str
    imports: str = ""


_IN = '    x = Input("float32", doc="A signal.")\n'
_OUT = '    y = Output(like="x", doc="The result.")\n'
_GAIN = '    gain: float = parameter(2.0, live=True, doc="Factor of every value.")\n'
_THROUGH = "source: {block: vector_source, data: [1.0, 2.0, 3.0]}\n  mine:   {block: $name}\n"
_BETWEEN = _THROUGH + "  sink:   {block: vector_sink}\nconnections:\n  - source -> mine -> sink\n"

KINDS = {
    "sync": _Kind(
        "SyncBlock",
        _GAIN
        + _IN
        + _OUT
        + """
    def work(self, x, at):
        return x * np.float32(self.gain)
""",
        "Multiply every value: ``y = gain x``.",
        "$cls(gain=3)(np.float32([1, 2]))",
        "array([3., 6.], dtype=float32)",
        "check_block(lambda: $cls(gain=3), [X], expected=X * np.float32(3))",
        _BETWEEN,
    ),
    "source": _Kind(
        "Source",
        '    items: int = parameter(100, low=0, unit="items", doc="Number of items.")\n'
        '    y = Output("float32", doc="The ramp.")\n'
        """
    def work(self, n, at):
        n = min(n, self.items - at)
        if at + n == self.items:
            self.finish()
        return np.arange(at, at + n, dtype=np.float32)
""",
        "Give a ramp: ``y[i] = i``, ``items`` of them.",
        "$cls(items=3)()",
        "array([0., 1., 2.], dtype=float32)",
        "check_block(lambda: $cls(items=99), 200, expected=np.arange(99, dtype=np.float32))",
        "mine: {block: $name}\n  sink: {block: vector_sink}\nconnections:\n  - mine -> sink\n",
    ),
    "sink": _Kind(
        "Sink",
        _IN
        + """    total: float = state(0.0, doc="Sum so far.")

    def work(self, x, at):
        # One after the other, so that the sum does not depend on how the stream is cut.
        for value in x.tolist():
            self.total += value

    def results(self):
        return {"total": self.total}
""",
        "Add all values up.\n\n    Results:\n        ``total``, the sum.",
        "$cls()(np.float32([1, 2]))",
        "{'total': 3.0}",
        'check_block($cls, [X], expected={"total": sum(X.tolist())})',
        _THROUGH + "connections:\n  - source -> mine\n",
        ", state",
    ),
    "rate": _Kind(
        "RateBlock",
        '    n: int = parameter(2, low=1, unit="items", doc="Items in for each item out.")\n'
        + _IN
        + _OUT
        + """
    def rate(self):
        return self.n, 1

    def work(self, x, at):
        return x.reshape(-1, self.n).max(axis=1)
""",
        "Give the largest of every ``n`` items.",
        "$cls(n=2)(np.float32([1, 5, 4, 2]))",
        "array([5., 4.], dtype=float32)",
        "check_block(lambda: $cls(n=3), [X], expected=X[:150].reshape(-1, 3).max(axis=1))",
        _BETWEEN,
    ),
    "stream": _Kind(
        "StreamBlock",
        _IN
        + _OUT
        + """    kept: int = state(0, doc="Items passed on.")
    places: dict = state(factory=dict, doc="Where the latest items went.")

    def work(self, x, at):
        good = x > 0
        before = self.kept + np.cumsum(good) - good
        pairs = zip(before.tolist(), good.tolist(), strict=True)
        self.places = {at + i: p for i, (p, g) in enumerate(pairs) if g}
        self.kept += int(good.sum())
        return x[good]

    def moved(self, index):
        return self.places.get(index)
""",
        "Pass the positive items on.",
        "$cls()(np.float32([1, -2, 3]))",
        "array([1., 3.], dtype=float32)",
        "check_block($cls, [X], expected=X[X > 0])",
        _BETWEEN,
        ", state",
    ),
}

_MODULE = '''"""The block ``$name``."""

${numpy}from semradio import $imports


@block("$name", category="$category")
class $cls($base):
    """$doc

    Example:
        >>> $call
        $printed
    """

$body'''

_TEST = '''"""The block ``$name``: right, however its stream is cut."""

import numpy as np
from semradio import check_block

from $name import $cls

X = np.random.default_rng(1).standard_normal(150).astype(np.float32)


def test_law_and_values():
    $check
'''

_PROJECT = """[build-system]
requires = ["setuptools >= 77"]
build-backend = "setuptools.build_meta"

[project]
name = "semradio-$dashed"
version = "0.1.0"
description = "The block $name for semradio"
dependencies = ["semradio"]

[project.entry-points."semradio.blocks"]
$name = "$name:$cls"

[tool.setuptools]
py-modules = ["$name"]

[tool.ruff]
line-length = 100

[tool.pytest.ini_options]
pythonpath = ["."]
"""

_FLOWGRAPH = """flowgraph: try_$name
doc: Tries the block $name.
code: [$name.py]
blocks:
  $wires"""

_PAGE = """# `$name`

$summary

```sh
python -m pytest -q                                # its test; needs pip install pytest
semradio run try_$name.yml --allow-code            # in a flowgraph, without installing it
pip install -e .                                   # then flowgraphs know it by its name alone
semradio blocks $name
```

What to change: docstring, parameters, ports and `work` in `$name.py`; then what must come out in
`test_$name.py`, from somebody else's implementation or from theory.
"""


def files(name: str, kind: str) -> dict[str, str]:
    """Return the files of a block's package: path within it -> text."""
    declared = KINDS[kind]
    cls = "".join(word.capitalize() for word in name.split("_"))
    body = declared.body
    used = ["Input" * ("Input(" in body), "Output" * ("Output(" in body)]
    used += [declared.base, "block", "parameter" * ("parameter(" in body)]
    used += ["state" * ("state(" in body)]
    words = {
        "name": name,
        "dashed": name.replace("_", "-"),
        "cls": cls,
        "base": declared.base,
        "body": body,
        "doc": declared.doc,
        "summary": declared.doc.split("\n")[0],
        "printed": declared.printed,
        "category": {"source": "sources", "sink": "metrics"}.get(kind, "stream"),
        "numpy": "import numpy as np\n" if "np." in body else "",
        "imports": ", ".join(word for word in used if word),
    }
    for key in ("call", "check", "wires"):
        words[key] = Template(getattr(declared, key)).substitute(words)
    texts = {
        f"{name}.py": _MODULE,
        f"test_{name}.py": _TEST,
        f"try_{name}.yml": _FLOWGRAPH,
        "pyproject.toml": _PROJECT,
        "README.md": _PAGE,
    }
    return {path: Template(text).substitute(words) for path, text in texts.items()}
