"""The command ``semradio``: finds the sub-command, and tells errors in one clear message.

Nothing heavy is imported before a command runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
import traceback
from typing import Any

import click

from semradio.blocks.errors import SemradioError, nearest

COMMANDS = (
    "run",
    "ctl",
    "top",
    "view",
    "deploy",
    "status",
    "logs",
    "stop",
    "check",
    "show",
    "diff",
    "sweep",
    "blocks",
    "models",
    "data",
    "key",
    "keys",
    "gnuradio",
    "schema",
    "new",
    "doctor",
    "completion",
    "train",
    "export",
    "figure",
)
"""The sub-commands, in the order of the help; each stands in a module of its name."""

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130
"""Exit status: done; failed while running; the file or the command is wrong; interrupted by Ctrl-C
(by another signal: 128 and its number)."""


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class LazyGroup(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order of the help."""
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return what is to be called; a name that is no command is told with the nearest."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"no command '{args[0]}'{nearest(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"semradio.flowgraphs.cli.{cmd_name}_command")
        command: click.Command = module.command
        return command


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="semradio")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Semantic-communication systems as streaming blocks, wired by YAML flowgraphs.

    \b
    semradio run arn_link            run a shipped flowgraph
    semradio run my_link.yml snr_db=5
    semradio blocks                  what there is to wire
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    # Accepted anywhere on the line: it is an afterthought to a command that has just failed.
    debug = "--debug" in arguments or bool(os.environ.get("SEMRADIO_DEBUG"))
    arguments = [a for a in arguments if a != "--debug"]
    sys.exit(_status(arguments, debug))


def _status(arguments: list[str], debug: bool) -> int:
    try:
        status: Any = cli.main(arguments, prog_name="semradio", standalone_mode=False)
        if sys.stdout is not None:  # As it is where it was closed before the start.
            sys.stdout.flush()
        return status if isinstance(status, int) else DONE
    except (click.exceptions.Abort, KeyboardInterrupt) as error:
        click.echo("interrupted", err=True)
        # click wraps what broke the command off.
        return 128 + getattr(error.__cause__ or error, "signal", INTERRUPTED - 128)
    except click.ClickException as error:
        from semradio.flowgraphs.plan import veiled

        told = io.StringIO()
        error.show(told)
        click.echo(veiled(told.getvalue()), nl=False, err=True)
        return WRONG
    except BrokenPipeError:
        # The reader of our output has left; nothing is wrong, and nothing more can be said.
        _say_no_more()
        return DONE
    except SemradioError as error:
        return _tell(error, debug)
    except Exception as error:
        if debug:
            traceback.print_exc()
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            what = error.filename or "the output"
            click.echo(f"error: cannot write {what}: {error.strerror}", err=True)
            _say_no_more()
            return FAILED
        click.echo(
            f"error: {type(error).__name__}: {error}" + ("" if debug else " (--debug shows where)"),
            err=True,
        )
        return FAILED


def _say_no_more() -> None:
    """Let go of the output: Python would try again, when it ends, to write what is left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(error: SemradioError, debug: bool) -> int:
    if debug:
        traceback.print_exc()
        trace = getattr(error, "trace", "")
        if trace:
            click.echo(trace, err=True)
    click.echo(f"error: {error}", err=True)
    # Only what fails while running has a trace of its own; all else is a wrong file or command.
    return FAILED if hasattr(error, "trace") else WRONG
