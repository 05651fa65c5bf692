"""The files of a new flowgraph."""

from __future__ import annotations

from string import Template

_FLOWGRAPH = """# $title
#
#   semradio run $name.yml
#   semradio run $name.yml snr_db=0

flowgraph: $name
doc: A tone through noise.

variables:
  snr_db: 10.0
  items: 10000
  seed: 1

blocks:
  source: {block: signal_source, frequency: 0.01, items: "$${items}"}
  air:    {block: awgn_channel, snr_db: "$${snr_db}", seed: "$${seed}"}
  sent:   {block: signal_power}
  error:  {block: evm}

connections:
  - source -> air -> error.received
  - source -> error.reference
  - source -> sent

processes:
  transmitter: [source, sent]
  receiver: [air, error]
"""

_TEST = '''"""The flowgraph ``$name``: right, and the same in one process and in several."""

from pathlib import Path

from semradio import Flowgraph

FILE = Path(__file__).with_name("$name.yml")


def run(processes, **variables):
    overrides = [f"{name}={value}" for name, value in variables.items()]
    return Flowgraph.load(FILE, overrides).run(processes=processes).results


def test_the_error_is_that_of_the_snr():
    found = run(False, snr_db=20, items=20_000)
    assert abs(found["error"]["evm"] - 0.1) < 0.01


def test_processes_change_nothing():
    assert run(True, items=1000) == run(False, items=1000)
'''

_PAGE = """# `$name`

A tone through noise.

```sh
semradio check $name.yml
semradio run $name.yml
semradio show $name.yml --svg $name.svg
python -m pytest -q
```
"""


def files(name: str) -> dict[str, str]:
    """Return the files of a flowgraph's folder: path within it -> text."""
    words = {"name": name, "title": name.replace("_", " ").capitalize() + "."}
    texts = {f"{name}.yml": _FLOWGRAPH, f"test_{name}.py": _TEST, "README.md": _PAGE}
    return {path: Template(text).substitute(words) for path, text in texts.items()}
