"""The files that the blocks of a plan read and write."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from semradio.blocks.api import registry
from semradio.blocks.api.kinds import Sink
from semradio.blocks.datasets.catalogue import DATASETS, dataset_named
from semradio.blocks.datasets.places import Nowhere, Sample, locate
from semradio.blocks.errors import ParameterError
from semradio.blocks.neural.model_block import ModelBlock
from semradio.blocks.neural.model_file import find_model
from semradio.blocks.security.keystream import fingerprint
from semradio.blocks.security.secret_key import read_key
from semradio.blocks.sources.image_source import ImageSource
from semradio.flowgraphs.plan import BlockPlan, Plan
from semradio.flowgraphs.sweep.failure import SweepError

OUTPUT = "file"
"""The parameter that names what a sink writes."""

SESSION = "session"
"""The parameter that names the session in which a block uses its secret keys."""

_WEIGHTS = (".data", "_data")
"""What the names of files with the external weights of an ONNX file add to its name."""

_RECORDING = (".sigmf-meta", ".sigmf-data")
"""Endings of the two files of a SigMF recording, which is named without them."""

_known: dict[tuple[str, int, int, int], str] = {}
"""SHA-256 by path, size, time of change in ns, and inode."""


def written(plan: Plan) -> dict[str, str]:
    """Return the files that the sinks of a plan write: by block, as the plan names them."""
    return {
        name: str(values[OUTPUT])
        for name, block in plan.blocks.items()
        if issubclass(registry.find(block.type), Sink)
        and (values := _values(block)).get(OUTPUT) is not None
    }


def read(plan: Plan) -> dict[str, str]:
    """Return the SHA-256 of each file that the blocks of a plan read, by ``BLOCK.PARAM``.

    These are models, the data sets of image sources, and any file or SigMF recording that a text
    parameter of a block names, apart from those that sinks write. Of a secret key, in a file or in
    the environment, it is the public fingerprint instead.

    Raises:
        ModelError: a model is missing.
        SweepError: a file or a key cannot be read.
    """
    outputs = written(plan)
    found: dict[str, str] = {}
    for name, block in plan.blocks.items():
        for parameter, digest in _inputs(block, is_output=name in outputs):
            label = f"{name}.{parameter}"
            found[f"{label} {len(found)}" if label in found else label] = digest
    return found


def code(plan: Plan) -> dict[str, str]:
    """Return the SHA-256 of each Python file that a plan names, by its path.

    Raises:
        SweepError: a file cannot be read.
    """
    return {file: sha256(Path(file)) for file in plan.code}


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content; of a folder's, names included.

    A file is read again only after its size, time of change or inode has changed.

    Raises:
        SweepError: the file is missing or cannot be read.
    """
    try:
        if path.is_dir():
            inner = sorted(p for p in path.rglob("*") if p.is_file())
            listing = "".join(f"{p.relative_to(path).as_posix()}\0{sha256(p)}\n" for p in inner)
            return hashlib.sha256(listing.encode()).hexdigest()
        state = path.stat()
        key = (os.path.abspath(path), state.st_size, state.st_mtime_ns, state.st_ino)  # noqa: PTH100
        if key not in _known:
            with path.open("rb") as file:
                _known[key] = hashlib.file_digest(file, "sha256").hexdigest()
        return _known[key]
    except OSError as error:
        raise SweepError(f"cannot read {path}: {error.strerror or error}") from None


def _inputs(block: BlockPlan, is_output: bool) -> Iterator[tuple[str, str]]:
    """Yield the parameters of a block that name files or keys, and what identifies the content."""
    cls = registry.find(block.type)
    values = _values(block)
    secrets = {name for name, parameter in cls.parameters.items() if parameter.secret}
    for name, value in values.items():
        if is_output and name == OUTPUT:
            continue
        for text in value if isinstance(value, list) else [value]:
            if not isinstance(text, str) or not text:
                continue
            if name in secrets:
                yield name, _key_name(block.name, text, str(values.get(SESSION, "")))
                continue
            if issubclass(cls, ModelBlock) and name == "model":
                paths = _model(find_model(text))
            elif issubclass(cls, ImageSource) and name == "dataset":
                paths = _dataset(text, values["split"] or "heldout")
            else:
                paths = _file(text)
            yield from ((name, sha256(path)) for path in paths)


def _values(block: BlockPlan) -> dict[str, Any]:
    declared = registry.find(block.type).parameters
    defaults = {name: p.default for name, p in declared.items() if not p.required}
    return {**defaults, **block.parameters}


def _key_name(block: str, reference: str, session: str) -> str:
    """Return the public name of the key that a reference leads to."""
    try:
        return fingerprint(read_key(reference), session)
    except ParameterError as error:
        raise SweepError(f"block '{block}': {error}") from None


def _model(path: Path) -> Iterator[Path]:
    yield path
    for ending in _WEIGHTS:
        beside = path.with_name(path.name + ending)
        if beside.is_file():
            yield beside


def _dataset(dataset: str, split: str) -> Iterator[Path]:
    if dataset.lower().replace("_", "-") not in DATASETS:
        path = Path(dataset).expanduser()
        if path.exists():
            yield path
        return
    found = locate(dataset_named(dataset), split)
    if isinstance(found, Sample):
        yield found.path
    elif not isinstance(found, Nowhere):
        yield found.images
        yield found.labels


def _file(text: str) -> Iterator[Path]:
    """Yield the file that a text names, or the files of the SigMF recording."""
    stem = text.removesuffix(_RECORDING[0])
    try:
        for name in dict.fromkeys([text, *(stem + ending for ending in _RECORDING)]):
            path = Path(name).expanduser()
            if path.is_file():
                yield path
    except (OSError, ValueError, RuntimeError):
        return  # no name that a file can have
