"""The free photographs of scikit-image, as pictures of a source."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace

import pytest

from semradio.blocks.datasets import SAMPLE_PICTURES, sample_pictures
from semradio.blocks.errors import DatasetError
from semradio.blocks.sources.image_source import ImageSource


def test_four_colour_photographs_of_several_sizes() -> None:
    pytest.importorskip("skimage", reason="needs scikit-image: pip install 'semradio[demo]'")
    source = ImageSource(dataset=SAMPLE_PICTURES, fit="crop", size=[256, 384], turn=True)
    image = source()
    assert image.shape == (4, 256, 384, 3)
    assert all(picture.std() > 20 for picture in image)
    assert "scikit-image" in source.results()["origin"]


def test_without_the_package_it_is_said_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DatasetError, match=r"pip install \"semradio\[demo\]\""):
        sample_pictures()
    found = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found)
    with pytest.raises(DatasetError, match=r"no astronaut\.png.* the package's layout"):
        sample_pictures()
