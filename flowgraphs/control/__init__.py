"""Live control: change parameters of flowgraphs while they run.

Every ``semradio run`` listens on a control socket of its own, ``semradio ctl`` and
:class:`Control` talk to it. ::

    from semradio.flowgraphs.control import Control

    Control.find().set("alice.enabled", False)      # -> the item from which it counts
"""

from semradio.flowgraphs.control.client import Control, ControlError, Found, find_runs

__all__ = ["Control", "ControlError", "Found", "find_runs"]
