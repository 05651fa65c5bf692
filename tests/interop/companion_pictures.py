"""Pictures of flowgraphs and of blocks' dialogs, as GNU Radio Companion draws them.

Runs under the Python that GNU Radio is installed for, with a display; without one::

    apt-get install xvfb
    semradio gnuradio install
    xvfb-run -a /usr/bin/python3 tests/interop/companion_pictures.py DIR FILE.grc semradio_add ...

Writes a PNG into DIR for each flowgraph and each block, and prints as JSON where the blocks of the
flowgraphs stand and what is written on them.
"""

import json
import sys
import traceback
from pathlib import Path

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("PangoCairo", "1.0")
from gi.repository import Gdk, GLib  # noqa: E402
from gnuradio import gr  # noqa: E402
from gnuradio.grc.gui.Platform import Platform  # noqa: E402

# Companion's modules import each other in a circle, which that one breaks.
from gnuradio.grc.gui import Utils  # noqa: E402, isort: skip
from gnuradio.grc.gui.Application import Application  # noqa: E402, isort: skip
from gnuradio.grc.gui.PropsDialog import PropsDialog  # noqa: E402, isort: skip

START_MS, DRAWING_MS = 500, 700


def places(graph):
    """Return [left, top, right, bottom] of each block with its ports, and its text, by name."""
    found = {}
    for block in graph.blocks:
        left, top = block.coordinate
        boxes = [(left, top, left + block.width, top + block.height)]
        for port in block.active_ports():
            x, y = left + port.coordinate[0], top + port.coordinate[1]
            boxes.append((x, y, x + port.width, y + port.height))
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        found[block.name] = {
            "box": [min(lefts), min(tops), max(rights), max(bottoms)],
            "text": [p.format_block_surface_markup() for p in shown(block)],
            "valid": block.is_valid(),
        }
    return found


def shown(block):
    """The parameters that are written on a block."""
    return [p for p in block.params.values() if p.hide == "none" and p.key != "id"]


class Work:
    """What is done in Companion's own main loop, one step at a time."""

    def __init__(self, application, folder, wanted):
        self.application, self.folder, self.wanted = application, folder, list(wanted)
        self.found = {}
        self.dialog = None

    def step(self):
        try:
            more = self.draw()
        except Exception:
            traceback.print_exc()
            more = False
        if more:
            GLib.timeout_add(DRAWING_MS, self.step)
        else:
            self.application.quit()

    def draw(self):
        if self.dialog is not None:
            name, window = self.dialog, self.dialog.get_window()
            picture = Gdk.pixbuf_get_from_window(window, 0, 0, *window.get_geometry()[2:])
            picture.savev(str(self.folder / f"{name.get_name()}.png"), "png", [], [])
            self.dialog.destroy()
            self.dialog = None
        if not self.wanted:
            return False
        name, window = self.wanted.pop(0), self.application.main_window
        if name.endswith(".grc"):
            stem = Path(name).stem
            window.new_page(name, show=True)
            graph = window.current_page.flow_graph
            graph.update()
            Utils.make_screenshot(graph, str(self.folder / f"{stem}.png"))
            self.found[stem] = places(graph)
        else:
            graph = window.current_page.flow_graph
            block = graph.new_block(name)
            block.params["id"].set_value(name)
            graph.update()
            self.dialog = PropsDialog(window, block)
            self.dialog.set_name(name)
            self.dialog.show_all()
        return True


def main(folder, *wanted):
    platform = Platform(
        version=gr.version(),
        version_parts=(gr.major_version(), gr.api_version(), gr.minor_version()),
        prefs=gr.prefs(),
        install_prefix=gr.prefix(),
    )
    platform.build_library()
    Path(folder).mkdir(parents=True, exist_ok=True)
    application = Application([], platform)
    work = Work(application, Path(folder), wanted)
    GLib.timeout_add(START_MS, work.step)
    application.run(None)
    print("found", json.dumps(work.found))


main(*sys.argv[1:])
