"""Live parameters set by messages, as GNU Radio's command ports do it."""

from __future__ import annotations

from typing import Any

from semradio.blocks.api import (
    Array,
    Input,
    ParameterError,
    SemradioError,
    Sink,
    Tag,
    block,
    parameter,
    state,
)
from semradio.blocks.api.block import ChangeOutcome
from semradio.blocks.gnuradio.message_sink import MESSAGE_TAG


@block("message_control", category="gnuradio")
class MessageControl(Sink):
    """Set live parameters as messages ask, as soon as they arrive: GNU Radio's ``freq`` commands.

    A message is a tag ``message``, as the ZeroMQ message sources leave it (with ``command_items``
    at once): a dictionary, or a pair of a key and a value. ``targets`` says what each key sets:
    ``{freq: radio.frequency, gain: radio.gain}``. The entries of one message count as one change,
    at the next item border of each block; what a block refuses is noted and the stream goes on.

    Results:
        ``commands``, entries with a known key; ``changed``, blocks that have taken a change;
        ``refused``; ``ignored``, entries and messages that name no known key.

    Raises:
        ParameterError: a target is not BLOCK.PARAMETER.
        SemradioError: whoever runs the block takes no changes from it.

    Example:
        >>> link = Flowgraph("link")
        >>> commands = [[2, "message", {"gain": 5.0}]]
        >>> source = VectorSource(data=np.ones(4, np.float32), tags=commands)
        >>> amplifier = MultiplyConst(name="amplifier", constant=1.0)
        >>> control = MessageControl(targets={"gain": "amplifier.constant"})
        >>> link.connect(source, control)
        >>> link.connect(source, amplifier, NullSink())
        >>> link.run().results[control.name]
        {'commands': 1, 'changed': 0, 'refused': 1, 'ignored': 0}
    """

    listens = (MESSAGE_TAG,)

    targets: dict[str, str] = parameter(
        doc="Key of a command -> BLOCK.PARAMETER, such as {freq: radio.frequency}."
    )

    x = Input("any[...]", doc="A stream whose tags are the messages.")

    commands: int = state(0, doc="Entries with a known key.")
    changed_blocks: int = state(0, doc="Blocks that have taken a change.")
    refused: int = state(0, doc="Changes that were refused.")
    ignored: int = state(0, doc="Entries and messages that name no known key.")

    def configure(self) -> None:
        self._targets: dict[str, tuple[str, str]] = {}
        for key, target in self.targets.items():
            name, dot, parameter_name = target.rpartition(".")
            if not dot or not name or not parameter_name:
                raise ParameterError(
                    f"parameter 'targets': '{target}' is not BLOCK.PARAMETER", "targets"
                )
            self._targets[key] = (name, parameter_name)

    def unrepeatable(self) -> str:
        return "when the changes that it asks for take place depends on the clock"

    def start(self) -> None:
        if self.ask is None:
            raise SemradioError(
                "whoever runs this block takes no changes from it: it needs a flowgraph"
            )

    def on_tag(self, tag: Tag) -> None:
        if not self.enabled:
            return
        changes: dict[str, dict[str, Any]] = {}
        for key, value in _entries(tag.value):
            if key not in self._targets:
                self.ignored += 1
                continue
            self.commands += 1
            name, parameter_name = self._targets[key]
            changes.setdefault(name, {})[parameter_name] = value
        if not changes:
            return
        assert self.ask is not None  # start() has seen to that
        try:
            self.ask(changes, self._told)
        except ParameterError as error:
            self.refused += 1
            self.note(f"command refused: {error}")

    def work(self, x: Array, at: int) -> None:
        pass

    def results(self) -> dict[str, Any]:
        return {
            "commands": self.commands,
            "changed": self.changed_blocks,
            "refused": self.refused,
            "ignored": self.ignored,
        }

    def _told(self, outcome: ChangeOutcome) -> None:
        if outcome.index is None:
            self.refused += 1
            self.note(f"command refused: {outcome.reason}")
        else:
            self.changed_blocks += 1


def _entries(message: Any) -> list[tuple[Any, Any]]:
    """The keys and values of a message: a dictionary, a pair, or a PDU's metadata."""
    if isinstance(message, dict):
        return list(message.items())
    if isinstance(message, list) and len(message) == 2:
        first, second = message
        if isinstance(first, dict):
            return list(first.items())
        if isinstance(first, str):
            return [(first, second)]
    return [(None, message)]
