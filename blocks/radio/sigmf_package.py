"""The package ``sigmf``, loaded when a recording is read or written."""

from __future__ import annotations

import warnings
from typing import Any

from semradio.blocks.api import SemradioError


def require() -> Any:
    """Return the package; SemradioError tells how to get it."""
    try:
        import sigmf
    except ImportError:
        raise SemradioError(
            "SigMF recordings need the package sigmf: pip install 'semradio[sigmf]'"
        ) from None
    return sigmf


def fault_at(metadata: Any) -> tuple[list[str | int], str] | None:
    """Return where a recording's metadata break SigMF's schema or order and why, or None."""
    sigmf = require()
    import jsonschema

    try:
        with warnings.catch_warnings():
            # Namespaces that a recording uses without declaring them do no harm here.
            warnings.simplefilter("ignore", DeprecationWarning)
            sigmf.validate.validate(metadata)
    except jsonschema.ValidationError as error:
        return list(error.absolute_path), str(error.message)
    return None


def fault(metadata: Any) -> str | None:
    """Return where a recording's metadata break SigMF's schema or order, or None."""
    found = fault_at(metadata)
    if found is None:
        return None
    path, why = found
    place = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)
    return f"{place[1:]}: {why}" if place else why


def dumps(metadata: dict[str, Any]) -> str:
    """Return metadata as the text of a ``.sigmf-meta`` file, in the usual order of its parts."""
    text: str = require().SigMFFile(metadata=metadata).dumps(pretty=True)
    return text + "\n"


def specification() -> str:
    """Return the version of the SigMF specification that recordings are written to."""
    version: str = require().__specification__
    return version
