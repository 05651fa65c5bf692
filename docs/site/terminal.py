"""A recording of the terminal as SVG: ``python docs/site/terminal.py [FILE]``."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

import semradio

COMMANDS = (
    "semradio blocks multiply_const",
    "semradio check arn_link",
    "semradio run arn_link frames=64 --in-process",
    "semradio run arn_link snr_bd=3",
)
"""What is typed; the last is wrong, to show what is said then."""

WIDTH = 100


def _anywhere(said: str) -> str:
    """Return what was said without the folders of the machine that recorded it."""
    said = said.replace(f"{Path(semradio.__file__).parents[1]}{os.sep}", "")
    said = said.replace(f"{sys.prefix}{os.sep}", f".venv{os.sep}")
    if data := os.environ.get("SEMRADIO_DATA"):
        said = said.replace(data, "$SEMRADIO_DATA")
    return said


def write_recording(file: Path) -> None:
    """Run the commands and write what the terminal shows."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    with tempfile.TemporaryDirectory() as place:
        for command in COMMANDS:
            done = subprocess.run(
                [sys.executable, "-m", *command.split()],
                cwd=place,
                env={**os.environ, "COLUMNS": str(WIDTH)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=120,
                check=False,
            )
            console.print(Text(f"$ {command}", style="bold green"))
            console.print(Text(_anywhere(done.stdout.rstrip())))
            console.print()
    console.save_svg(str(file), title="semradio")


if __name__ == "__main__":
    write_recording(Path(sys.argv[1] if len(sys.argv) > 1 else "terminal.svg"))
