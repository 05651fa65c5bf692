"""The data of a sheet of examples: pictures of a few frames, and a figure of merit of many."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from semradio.blocks.errors import SemradioError
from semradio.blocks.part_file import write_whole
from semradio.blocks.sinks.vector_sink import VectorSink
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.figures.cells import Cell
from semradio.flowgraphs.figures.declaration import Curve, Examples, resolved
from semradio.flowgraphs.figures.measuring import Study, swept
from semradio.flowgraphs.plan import EdgePlan
from semradio.flowgraphs.sweep.progress import OnSweepProgress

FRAMES = 100
"""Frames among which the first picture of each class is looked for."""

Pictures = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class UserPictures:
    """The pictures of one user: the first ones, or the first of each class.

    sent : uint8[n, rows, columns] or uint8[n, rows, columns, 3]
    received : the same of each scheme, uint8[schemes, n, ...]
    values : float64[schemes], the quantity over all images of a run
    """

    sent: Pictures
    received: Pictures
    values: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sheet:
    """What a sheet of examples shows.

    labels : of its rows below the sent pictures
    images : over which the values are means
    training : ``full``, ``quick`` or ``zoo``, as in the tables of figures
    """

    figure: str
    labels: tuple[str, ...]
    users: tuple[UserPictures, ...]
    images: int
    training: str

    def write(self, path: Path) -> None:
        """Write an .npz file, whole or not at all; the same sheet gives the same bytes."""
        arrays: dict[str, Any] = {
            "figure": np.array(self.figure),
            "labels": np.array(self.labels),
            "images": np.array(self.images),
            "training": np.array(self.training),
        }
        for k, user in enumerate(self.users):
            for name in _OF_USER:
                arrays[f"{name}_{k}"] = getattr(user, name)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        try:
            write_whole(path, buffer.getvalue())
        except OSError as error:
            raise SemradioError(f"cannot write {path}: {error.strerror or error}") from None

    @classmethod
    def read(cls, path: Path, declared: Examples) -> Sheet:
        """Read the file of a sheet.

        Raises:
            SemradioError: it cannot be read, or is not one of these examples.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            figure, labels = str(arrays["figure"]), tuple(map(str, arrays["labels"]))
            if figure != declared.name:
                raise SemradioError(f"{path}: pictures of '{figure}', not {declared.name}")
            if labels != tuple(row.label for row in declared.rows):
                raise SemradioError(f"{path}: the rows are not those of {declared.name}")
            users = tuple(
                UserPictures(*(arrays[f"{name}_{k}"] for name in _OF_USER))
                for k in range(len(declared.users))
            )
            for user in users:
                count, *shape = user.sent.shape
                grey_or_colour = len(shape) == 2 or shape[2:] == [3]
                if user.received.shape != (len(labels), count, *shape) or not grey_or_colour:
                    raise ValueError("shapes that do not go together")
                if user.values.shape != (len(labels),):
                    raise ValueError("a value for each row is missing")
            return cls(figure, labels, users, int(arrays["images"]), str(arrays["training"]))
        except OSError as error:
            reason = error.strerror or error
            raise SemradioError(f"cannot read the pictures {path}: {reason}") from None
        except (KeyError, TypeError, ValueError, AttributeError, zipfile.BadZipFile) as error:
            raise SemradioError(f"{path}: no pictures of {declared.name}: {error}") from None


_OF_USER = ("sent", "received", "values")


def collect(
    examples: Examples,
    study: Study,
    store: Path,
    jobs: int | None = None,
    on_progress: OnSweepProgress | None = None,
) -> Sheet:
    """Run what has not been run yet, and return the sheet of the study's only seed.

    The values are means over all images of the study. The pictures come from runs of the first
    frames alone, which are the same frames.

    Args:
        store: folder of the sweeps' tables and stores; what stands there is not run again.
        jobs: worker processes; None: one for each core.

    Raises:
        SemradioError: as of :class:`~semradio.flowgraphs.sweep.Sweep`.
    """
    (seed,) = study.seeds
    cells = [Cell.of(row, None) for row in examples.rows]
    runs = swept(cells, examples, study, store, jobs, on_progress)
    pictures = [_pictures(examples, row, study, seed) for row in examples.rows]
    users = []
    for k in range(len(examples.users)):
        of_schemes = [of_users[k] for of_users in pictures]
        quantity = _of_user(k, examples.quantity)
        users.append(
            UserPictures(
                sent=of_schemes[0][0],
                received=np.stack([received for _, received in of_schemes]),
                values=np.array([runs[cell, seed][quantity] for cell in cells], np.float64),
            )
        )
    return Sheet(
        figure=examples.name,
        labels=tuple(row.label for row in examples.rows),
        users=tuple(users),
        images=min(run["frames"] for run in runs.values()),
        training=study.models.training,
    )


def _pictures(
    examples: Examples, row: Curve, study: Study, seed: int
) -> list[tuple[Pictures, Pictures]]:
    """Return the sent and the received pictures of each user that are shown."""
    variant = resolved(row.variant, None)
    settings: Mapping[str, str] = {
        **examples.settings,
        **{name: resolved(text, None) for name, text in row.overrides.items()},
    }
    models: dict[str, Any] = {}
    if study.models.training != "none":
        models["models"] = study.models.folder(variant, seed)
    flowgraph = Flowgraph.load(
        row.flowgraph,
        [f"{name}={value}" for name, value in settings.items()],
        **models,
        frames=min(examples.pictures or FRAMES, study.frames),
        seed=seed,
    )
    kept = [_watched(flowgraph, examples, k) for k in range(len(examples.users))]
    flowgraph.run(processes=False)
    found = []
    for sent, received, *labels in kept:
        if examples.pictures is not None:
            found.append((sent.data, received.data))
            continue
        _, first = np.unique(labels[0].data, return_index=True)
        found.append((sent.data[first], received.data[first]))
    return found


def _watched(flowgraph: Flowgraph, examples: Examples, k: int) -> Sequence[VectorSink]:
    """Put sinks in the place of a sheet: for what is sent and received, and labels if it takes."""
    plan, sheet = flowgraph.plan, _of_user(k, examples.sheet)
    ends = {edge.input: (edge.source, edge.output) for edge in plan.edges if edge.target == sheet}
    del plan.blocks[sheet]
    plan.edges[:] = [edge for edge in plan.edges if edge.target != sheet]
    plan.processes.clear()
    wanted = {"sent": ends["sent"], "received": ends["received"]}
    if examples.pictures is None:
        wanted["label"] = (_of_user(k, examples.source), "label")
    sinks = []
    for name, (block, output) in wanted.items():
        sink = VectorSink(limit=0)
        flowgraph.add(sink, f"{sheet}.{name}")
        plan.edges.append(EdgePlan(block, output, sink.name, "x"))
        sinks.append(sink)
    return sinks


def _of_user(k: int, name: str) -> str:
    return name.replace("{k}", str(k))
