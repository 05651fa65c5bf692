"""The package PyAV, which brings FFmpeg's readers and writers of films: an extra."""

from __future__ import annotations

from types import ModuleType

from semradio.blocks.errors import SemradioError


def require() -> ModuleType:
    """Return the package ``av``.

    Raises:
        SemradioError: it is not installed; the message says how to get it.
    """
    try:
        import av
    except ImportError:
        raise SemradioError("films need the package PyAV: pip install 'semradio[video]'") from None
    return av
