"""Live control: change parameters of flowgraphs while they run.

Every ``semradio run`` listens on a control socket of its own, ``semradio ctl`` and
:class:`Control` talk to it. ::

    from semradio.flowgraphs.control import Control

    Control.find().set("alice.enabled", False)      # -> the item from which it counts
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from semradio.flowgraphs.control.client import Control, ControlError, Found, find_runs

__all__ = ["Control", "ControlError", "Found", "find_runs"]


def __getattr__(name: str) -> Any:
    # Loaded when asked for: a run has a control socket, and no need of a client.
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from semradio.flowgraphs.control import client

    return getattr(client, name)
