"""A few free colour photographs that the package scikit-image ships, read without importing it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from semradio.blocks.datasets.folder import Listing
from semradio.blocks.errors import DatasetError

SAMPLE_PICTURES = "sample-pictures"
"""Name by which a source knows them."""

_FILES = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")
"""In the public domain (NASA) or CC0, as the package's README.txt beside them says."""


def sample_pictures() -> Listing:
    """List the photographs: 512 x 512, 451 x 300, 600 x 400 and 640 x 427 pixels.

    Raises DatasetError where the package is not installed, or has them no more.
    """
    # Finding a top-level package does not import it.
    spec = importlib.util.find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise DatasetError(
            f"the pictures '{SAMPLE_PICTURES}' come with scikit-image, which is not installed: "
            'pip install "semradio[demo]", or give a folder of your own'
        )
    folder = Path(next(iter(spec.submodule_search_locations))) / "data"
    files = tuple(folder / name for name in _FILES)
    lacking = [file.name for file in files if not file.is_file()]
    if lacking:
        raise DatasetError(
            f"no {', '.join(lacking)} in {folder}: the package's layout has changed; give a "
            "folder of pictures of your own"
        )
    return Listing(files, None, (), f"photographs that scikit-image ships, in {folder}")
