"""How the site is built: ``sphinx-build -W -j auto docs build/site``. No network is used."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "site"))

from semradio import __version__

project = "semradio"
author = "the semradio developers"
copyright = author
version = release = __version__
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "reference",
]
exclude_patterns = ["blocks.md", "site"]
suppress_warnings = ["mystnb.unknown_mime_type"]
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
nb_execution_mode = "auto"
nb_execution_raise_on_error = True
nb_execution_timeout = 300  # A cell that hangs; each notebook takes less than 60 s on two cores.
nb_execution_in_temp = True
nb_merge_streams = True
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_preserve_defaults = True
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
html_theme = "furo"
html_favicon = "../flowgraphs/view/web/static/favicon.svg"
html_static_path = ["site/static"]
html_css_files = ["pictures.css"]
html_title = f"semradio {version}"
html_copy_source = False
html_show_sphinx = False
