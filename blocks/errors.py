"""Errors that a user can act on.

Everything that a user may cause (a wrong parameter, a missing data set, shapes that do not fit)
is raised as a :class:`SemradioError` whose text stands alone: what is wrong, where, and what to
do. Command-line programs print that text without a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SemradioError(Exception):
    """Base of all errors whose message is meant for the user."""


class ParameterError(SemradioError):
    """A parameter is unknown, has the wrong type or lies outside its limits."""

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter


class ItemTypeError(SemradioError):
    """The items of a stream do not fit a port: wrong dtype or wrong item shape."""


class BlockNotFoundError(SemradioError):
    """No block type of that name is registered."""


class ModelError(SemradioError):
    """A model file is missing, unreadable, or does not fit the block that loads it."""


class DatasetError(SemradioError):
    """A data set is missing or its files are not what they should be."""


class StreamError(SemradioError):
    """A stream carries something that the block cannot accept, such as NaN."""


class BlockError(SemradioError):
    """A block failed while running: which one, at which item, and why.

    ``where`` follows the text of a cause that was not written for the user.
    """

    def __init__(self, block: str, index: int, cause: BaseException, where: str = "") -> None:
        known = isinstance(cause, SemradioError)
        text = str(cause) if known else f"{type(cause).__name__}: {cause}{where}"
        super().__init__(f"block '{block}', item {index}: {text}")
        self.block = block
        self.index = index
        self.reason = text


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the nearest candidate, or an empty string."""
    found = difflib.get_close_matches(name, list(candidates), n=1, cutoff=0.5)
    return f" (did you mean '{found[0]}'?)" if found else ""
