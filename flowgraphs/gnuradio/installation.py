"""Where GNU Radio is, and the files that make semradio's blocks appear in its Companion.

All files stand in one folder: a ``.block.yml`` for each block, and the module that generated
programs import. That module adds the folders from which this very semradio is imported to those of
GNU Radio's Python, at the end: GNU Radio's own packages, NumPy above all, stay what they are.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.gnuradio.description import MODULE, PREFIX, block_yml, described

MADE_BY = "# Made by 'semradio gnuradio install'; 'semradio gnuradio uninstall' removes it."
"""First line of every file that is written, and of no other that is removed."""

FOLDER = "semradio"
"""Folder of the files in that of GNU Radio Companion's user."""

PATIENCE_S = 60

EXAMPLES = Path(__file__).parent

_QUESTION = """
import json, sys
from gnuradio import gr
from gnuradio.grc.core.Config import Config
import numpy
print(json.dumps({
    "version": gr.version(),
    "python": list(sys.version_info[:2]),
    "numpy": numpy.__version__,
    "folder": Config.hier_block_lib_dir,
}))
"""

_IMPORTS = """\
from builtins import __import__; __import__('sys').path.append({folder!r})
import {module}
"""
"""Stands in generated programs before 'from gnuradio ...', for Companion sorts these lines: so that
:data:`MODULE` can say what to do where there is no GNU Radio."""

_MODULE = '''{made_by}
"""semradio's blocks for GNU Radio programs: ``{module}.make(TYPE, NAME, TYPES, ...)``.

An error that nobody catches is one line if its text says what to do: that of a wrong parameter, a
model that is not there, a Python without GNU Radio.
"""

import importlib.util
import site
import sys


class NotHere(ImportError):
    """This is not the Python that semradio's blocks for GNU Radio are installed for."""


told = (NotHere,)
"""Errors that need no traceback."""


def say(kind, error, trace, *, others=sys.excepthook):
    if isinstance(error, told):
        print(f"error: {{error}}", file=sys.stderr)
    else:
        others(kind, error, trace)


sys.excepthook = say

if sys.version_info[:2] != {python}:
    raise NotHere(
        "semradio is installed for Python {dotted}, and this is "
        + ".".join(map(str, sys.version_info[:2]))
        + ": install semradio for this Python, and run 'semradio gnuradio install' again"
    )
if importlib.util.find_spec("gnuradio") is None:
    raise NotHere(
        "there is no GNU Radio for " + sys.executable + ": run this program by its Python, "
        "as '{executable} " + sys.argv[0] + "'"
    )
try:
    import semradio.flowgraphs.gnuradio
except ImportError:
    # After GNU Radio's own packages, which were built for one another.
    for folder in {folders}:
        site.addsitedir(folder)

from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.gnuradio.native import make

told = (NotHere, SemradioError)

__all__ = ["make"]
'''


@dataclass(frozen=True, slots=True)
class GnuRadio:
    """An installed GNU Radio, as it describes itself."""

    executable: str
    """The Python that it belongs to."""
    version: str
    python: tuple[int, int]
    numpy: str
    folder: Path
    """The folder in which its Companion looks for blocks of the user's."""


def find_gnuradio(python: str | None = None) -> GnuRadio:
    """Ask GNU Radio about itself.

    Args:
        python: the Python that it is installed for; that of ``grcc`` if not given.

    Raises:
        SemradioError: there is none.
    """
    executable = python or _python_of_grcc()
    # What the environment says about Python is meant for the one that runs semradio.
    environment = {
        k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    }
    try:
        asked = subprocess.run(
            [executable, "-c", _QUESTION],
            capture_output=True,
            text=True,
            env=environment,
            timeout=PATIENCE_S,
            check=False,
        )
        found: dict[str, Any] = json.loads(asked.stdout.splitlines()[-1])
    except (OSError, subprocess.TimeoutExpired, IndexError, ValueError):
        raise SemradioError(
            f"there is no GNU Radio Companion for {executable}: install it (on Debian and Ubuntu "
            "'apt-get install gnuradio'), or name its Python by --python"
        ) from None
    major, minor = found["python"]
    return GnuRadio(
        executable, found["version"], (major, minor), found["numpy"], Path(found["folder"])
    )


def check_python(gnuradio: GnuRadio) -> None:
    """Compare the versions of Python.

    Raises:
        SemradioError: packages that are installed for this one cannot be loaded by GNU Radio's.
    """
    if gnuradio.python != sys.version_info[:2]:
        theirs, ours = (".".join(map(str, v)) for v in (gnuradio.python, sys.version_info[:2]))
        raise SemradioError(
            f"GNU Radio {gnuradio.version} runs on Python {theirs} ({gnuradio.executable}), and "
            f"semradio on Python {ours}: make a virtual environment with "
            f"'{gnuradio.executable} -m venv DIR', install semradio there, and run its "
            "'semradio gnuradio install'"
        )


def install(
    folder: Path, python: tuple[int, int], executable: str = "/usr/bin/python3"
) -> list[Path]:
    """Write the block descriptions and the module; those of an older version go.

    Args:
        folder: made if it does not exist.
        python: version of GNU Radio's Python.
        executable: GNU Radio's Python, for those who start a program with another.

    Returns:
        The files written.
    """
    folder = folder.resolve()
    imports = _IMPORTS.format(folder=str(folder), module=MODULE)
    texts = {f"{PREFIX}{name}.block.yml": block_yml(name, imports) for name in described()}
    paths = dict.fromkeys(sysconfig.get_paths()[key] for key in ("purelib", "platlib"))
    texts[f"{MODULE}.py"] = _MODULE.format(
        made_by=MADE_BY,
        module=MODULE,
        python=python,
        dotted=".".join(map(str, python)),
        executable=executable,
        folders=list(paths),
    )
    uninstall(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in texts.items():
        path = folder / name
        path.write_text(text if text.startswith(MADE_BY) else f"{MADE_BY}\n{text}", "utf-8")
        written.append(path)
    return written


def installed(folder: Path) -> list[Path]:
    """Return the files in a folder that :func:`install` has written, of any version; sorted."""
    return [
        path
        for path in sorted([*folder.glob("*.block.yml"), *folder.glob(f"{MODULE}.py")])
        if path.read_text("utf-8", errors="replace").startswith(MADE_BY)
    ]


def uninstall(folder: Path) -> list[Path]:
    """Remove what :func:`install` has written, and the folder if nothing else is in it.

    Returns:
        The files removed.
    """
    found = installed(folder)
    for path in found:
        path.unlink()
    if found:
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)
        if not any(folder.iterdir()):
            folder.rmdir()
    return found


def copy_examples(folder: Path) -> list[Path]:
    """Copy the example flowgraphs into a folder; files that exist are not overwritten.

    Raises:
        SemradioError: one exists already, and differs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    copied = []
    for source in sorted([*EXAMPLES.glob("*.grc"), *EXAMPLES.glob("*.yml")]):
        target, content = folder / source.name, source.read_bytes()
        if target.exists() and target.read_bytes() != content:
            raise SemradioError(f"{target} exists and is another; name another folder")
        target.write_bytes(content)
        copied.append(target)
    return copied


def _python_of_grcc() -> str:
    """Return the Python that the first line of ``grcc`` names."""
    program = shutil.which("grcc")
    if program is None:
        return "/usr/bin/python3"
    with Path(program).open("rb") as file:
        words = file.readline(1000).decode(errors="replace").removeprefix("#!").split()
    if words and Path(words[0]).name == "env":
        return shutil.which(words[-1]) or words[-1]
    return words[0] if words else "/usr/bin/python3"
