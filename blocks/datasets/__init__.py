"""Image sets: the known ones by name, and a user's own from folders and NumPy files."""

from semradio.blocks.datasets.fetching import fetch
from semradio.blocks.datasets.folder import read_folder
from semradio.blocks.datasets.idx import read_idx
from semradio.blocks.datasets.imageset import ImageSet
from semradio.blocks.datasets.listing import Availability, status
from semradio.blocks.datasets.loading import load
from semradio.blocks.datasets.numpy_file import read_numpy

__all__ = [
    "Availability",
    "ImageSet",
    "fetch",
    "load",
    "read_folder",
    "read_idx",
    "read_numpy",
    "status",
]
