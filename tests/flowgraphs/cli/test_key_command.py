"""``semradio key``, and what the command line says about keys that are missing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from commands import run

from semradio.blocks.security.secret_key import read_key


def semradio(*words: str, folder: Path) -> Any:
    environment = {k: v for k, v in os.environ.items() if k != "SEMRADIO_KEY"}
    return run(*words, folder=folder, environment=environment)


def test_a_key_is_made_once(tmp_path: Path) -> None:
    done = semradio("key", "link.key", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "file:link.key" in done.stdout
    digits = (tmp_path / "link.key").read_text().strip()
    assert read_key(f"file:{tmp_path / 'link.key'}") == bytes.fromhex(digits)
    assert digits not in done.stdout
    again = semradio("key", "link.key", folder=tmp_path)
    assert (again.returncode, again.stdout) == (2, "")
    assert "exists already" in again.stderr
    assert (tmp_path / "link.key").read_text().strip() == digits


def test_without_a_key_the_command_that_makes_one_is_named(tmp_path: Path) -> None:
    done = semradio("run", "keyed_link", "models=arn", "frames=10", folder=tmp_path)
    assert done.returncode == 1
    # Whichever process comes to it first.
    assert "block 'lock'" in done.stderr or "block 'unlock'" in done.stderr
    assert "'semradio key FILE' makes one" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_command_shows_a_key_that_was_given_to_it(tmp_path: Path) -> None:
    digits = "0123456789abcdef" * 4
    for command in (("show", "--expand"), ("run", "--debug")):
        done = semradio(
            command[0], "keyed_link", "models=arn", f"keys={digits}", *command[1:], folder=tmp_path
        )
        assert done.returncode == 2
        assert "env:NAME or file:PATH" in done.stderr
        assert digits not in done.stdout + done.stderr
