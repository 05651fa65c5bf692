"""A viewer beside a run that a command starts: a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import IO

import click

from semradio.blocks.errors import ParameterError

_PACKAGES = ("starlette", "uvicorn", "websockets")


def check_packages() -> None:
    """Raise ParameterError unless all packages are installed that the page is served by."""
    if missing := [name for name in _PACKAGES if find_spec(name) is None]:
        raise ParameterError(f'the view needs {", ".join(missing)}: pip install "semradio[view]"')


@contextmanager
def viewer(look: bool, opens: bool, again: Sequence[str] | None) -> Iterator[None]:
    """Let a viewer look at the run of this process, and tell it in the end how that went.

    It stays until its last page is closed, and ends no run but those that its pages start.

    Args:
        look: whether its pages may only look. opens: whether it opens a browser.
        again: what starts the run once more, without a viewer; None where that cannot be.

    Raises:
        ParameterError: a package that the page needs is missing; nothing has started then.
    """
    check_packages()
    options = [*(["--look"] if look else []), *([] if opens else ["--no-open"])]
    child = subprocess.Popen(
        [sys.executable, "-m", "semradio.flowgraphs", "view", str(os.getpid()), "--once", *options],
        stdin=subprocess.PIPE,
        stdout=sys.stderr,
        text=True,
        start_new_session=True,
    )
    assert child.stdin is not None
    why = "it ran to its end"
    try:
        if again is not None:
            _tell(child.stdin, {"again": list(again)})
        yield
    except BaseException as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise
    finally:
        _tell(child.stdin, {"why": why})
        with suppress(OSError, ValueError):
            child.stdin.close()


def _tell(line: IO[str], what: dict[str, object]) -> None:
    # A viewer that is gone needs to know nothing.
    with suppress(OSError, ValueError):
        line.write(json.dumps(what) + "\n")
        line.flush()


def command_again(context: click.Context) -> list[str] | None:
    """Return what starts the run of a command once more, looked at by who is there already.

    None where the flowgraph came from the standard input.
    """
    words: list[str] = []
    for given in context.command.params:
        value = context.params[str(given.name)]
        if given.name in ("view", "look", "no_open", "quiet", "again") or value in (
            None,
            (),
            False,
        ):
            continue
        values = [str(v) for v in (value if isinstance(value, tuple) else [value])]
        if isinstance(given, click.Argument):
            words += values
        elif isinstance(given, click.Option) and given.is_flag:
            words += [given.opts[0]] if given.is_bool_flag or given.flag_value == value else []
        else:
            words += [word for text in values for word in (given.opts[0], text)]
    if context.params["file"] == "-":
        return None
    return [sys.executable, "-m", "semradio.flowgraphs", "run", "--again", "--quiet", *words]


def overrides_to_look(
    variables: dict[str, object], given: Sequence[str], text: object
) -> list[str]:
    """Return what a run that is looked at sets differently, what the user gave left as it is.

    Args:
        text: writes a value as a file has it.
    """
    assert callable(text)
    named = {assignment.partition("=")[0].strip() for assignment in given}
    return [f"{name}={text(value)}" for name, value in variables.items() if name not in named]
