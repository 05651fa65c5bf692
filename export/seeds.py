"""Seeds of everything random in training and evaluation."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from typing import TypeVar

import torch

T = TypeVar("T")


def derived_seed(seed: int, *purpose: str) -> int:
    """Return a seed in [0, 2^63) that depends on ``seed`` and on what it is for.

    One purpose never shares its random numbers with another: adding a phase of training, or
    lengthening one, leaves all others as they were.
    """
    text = "/".join((str(seed), *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *purpose: str, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a generator on a device, seeded with :func:`derived_seed`."""
    return torch.Generator(device).manual_seed(derived_seed(seed, *purpose))


@contextlib.contextmanager
def seeded(seed: int, *purpose: str) -> Iterator[None]:
    """Let torch's global generator depend on seed and purpose alone, and be as before afterwards.

    Fresh weights are drawn from it, and layers that drop features draw from it.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(seed, *purpose))
        yield


def fresh(make: Callable[[], T], seed: int, *purpose: str) -> T:
    """Make a network whose first weights depend on seed and purpose alone."""
    with seeded(seed, *purpose):
        return make()
