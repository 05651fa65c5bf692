"""Image sets: the known ones by name, and a user's own from folders and NumPy files."""

from semradio.blocks.datasets.idx import read_idx
from semradio.blocks.datasets.imageset import ImageSet
from semradio.blocks.datasets.listing import Availability, status
from semradio.blocks.datasets.loading import load
from semradio.blocks.datasets.numpy_file import read_numpy
from semradio.blocks.datasets.picture_file import suffixes
from semradio.blocks.datasets.picture_files import Handling, PictureFiles
from semradio.blocks.datasets.sample_pictures import SAMPLE_PICTURES, sample_pictures

__all__ = [
    "SAMPLE_PICTURES",
    "Availability",
    "Handling",
    "ImageSet",
    "PictureFiles",
    "load",
    "read_idx",
    "read_numpy",
    "sample_pictures",
    "status",
    "suffixes",
]
