"""Where model files are, and what they say about themselves."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from semradio.blocks.api import ModelError
from semradio.blocks.errors import nearest
from semradio.blocks.neural.model_card import METADATA_KEY, ModelCard
from semradio.blocks.neural.onnx_header import OnnxHeader, read_header
from semradio.blocks.neural.onnx_session import ModelPort, OnnxSession

VARIABLE = "SEMRADIO_MODELS"
"""Environment variable: folders that are searched for models before the shipped ones."""

_SUFFIX = ".onnx"


@dataclass(frozen=True)
class ModelDescription:
    """What there is to know about a model file without running it."""

    path: Path
    inputs: tuple[ModelPort, ...]
    outputs: tuple[ModelPort, ...]
    card: ModelCard | None
    ir_version: int
    opsets: dict[str, int]
    """Operator set version by domain; ONNX's own domain is ''."""
    producer: str
    size: int
    """Bytes of the file; weights in external files come on top."""
    sha256: str


def find_model(model: str) -> Path:
    """Return the file of a model: a path to an .onnx file, or a name such as ``arn/encoder``.

    A name is looked for in the folders of $SEMRADIO_MODELS, in their order, then among the models
    that the package ships, and last as a path without its ending: so ``models: arn`` and ``models:
    runs/mine`` can stand for each other in ``${models}/encoder``.

    Raises:
        ModelError: there is no such model; the text says where it was looked for.
    """
    path = Path(model).expanduser()
    if path.is_file():
        return path
    if path.suffix == _SUFFIX:
        raise ModelError(f"no model file {path}")
    for folder in model_folders():
        named = folder / f"{model}{_SUFFIX}"
        if named.is_file():
            return named
    whole = Path(f"{path}{_SUFFIX}")
    if whole.is_file():
        return whole
    if path.is_absolute():
        raise ModelError(f"no model file {whole}")
    known = list_models()
    places = ", ".join(map(str, model_folders())) or "nowhere"
    families = dict.fromkeys(name.rpartition("/")[0] for name in known)
    family = str(model).rpartition("/")[0]
    if family in families:
        offered = f"in {family}: {', '.join(n for n in known if n.rpartition('/')[0] == family)}"
    else:
        offered = f"families: {', '.join(families) or 'none'}"
    raise ModelError(
        f"unknown model '{model}'{nearest(model, known)}; looked in {places}; "
        f"{offered}; a path to a file ends in {_SUFFIX}"
    )


def list_models() -> dict[str, Path]:
    """Return the models that can be called by name, sorted, and their files."""
    found: dict[str, Path] = {}
    for folder in model_folders():
        for path in sorted(folder.rglob(f"*{_SUFFIX}")):
            found.setdefault(path.relative_to(folder).with_suffix("").as_posix(), path)
    return dict(sorted(found.items()))


def model_folders() -> list[Path]:
    """Return the folders that hold models by name, first come first served.

    Raises:
        ModelError: $SEMRADIO_MODELS names no folder that is there.
    """
    return list(_folders())


def _folders() -> Iterator[Path]:
    told = os.environ.get(VARIABLE, "")
    named = [Path(entry).expanduser() for entry in told.split(os.pathsep) if entry]
    found = [folder for folder in named if folder.is_dir()]
    if named and not found:
        # A slip of the pen would otherwise run the shipped models in place of one's own.
        raise ModelError(f"${VARIABLE} names '{told}': no such folder")
    yield from found
    # Located, not imported: the models are read without the package that trains them.
    spec = importlib.util.find_spec("semradio.export")
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        yield Path(place) / "zoo"


def read_card(path: str | Path) -> ModelCard | None:
    """Return the model card in an ONNX file; None where there is none.

    Raises:
        ModelError: the file or the card cannot be read.
    """
    return _card(Path(path), read_header(Path(path)))


def _card(path: Path, header: OnnxHeader) -> ModelCard | None:
    text = header.metadata.get(METADATA_KEY)
    if text is None:
        return None
    try:
        return ModelCard.from_json(text)
    except ModelError as error:
        raise ModelError(f"model file {path}: {error}") from None


def describe(path: str | Path) -> ModelDescription:
    """Describe an ONNX file: ports, card, versions, size and checksum.

    Raises:
        ModelError: the file is missing, damaged, or cannot be run here.
    """
    path = Path(path)
    header = read_header(path)
    session = OnnxSession(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ModelDescription(
        path=path,
        inputs=session.inputs,
        outputs=session.outputs,
        card=_card(path, header),
        ir_version=header.ir_version,
        opsets=header.opsets,
        producer=header.producer,
        size=path.stat().st_size,
        sha256=digest,
    )
