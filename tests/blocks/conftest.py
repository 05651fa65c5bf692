"""Peers for the blocks that speak to a radio or to another program."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
import zmq
from law_cases import prepare

RADIO = Path(__file__).parent / "radio"


def load_stand_in(name: str = "SoapySDR") -> ModuleType:
    """Return a fresh copy of the module that stands in for SoapySDR, or for another one."""
    spec = importlib.util.spec_from_file_location(name, RADIO / "standin" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A SoapySDR with one device and no radio."""
    module = load_stand_in()
    monkeypatch.setitem(sys.modules, "SoapySDR", module)
    return module


@pytest.fixture
def uhd(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A UHD with one device and no radio."""
    module = load_stand_in("uhd")
    monkeypatch.setitem(sys.modules, "uhd", module)
    return module


@pytest.fixture(scope="module")
def run_peer() -> Iterator[Callable[..., None]]:
    """A function that runs a peer of radio_peers.py in a thread, until a module's tests end."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def run(peer: Callable[..., None], address: str, *rest: object) -> None:
        thread = threading.Thread(target=peer, args=(context, address, stop, *rest))
        thread.start()
        threads.append(thread)

    yield run
    stop.set()
    for thread in threads:
        thread.join()
    context.term()


@pytest.fixture(scope="module")
def law_folder(tmp_path_factory: pytest.TempPathFactory, run_peer: Callable[..., None]) -> Path:
    """The files that the cases of the stream law read; who they speak to is there too."""
    path = tmp_path_factory.mktemp("law")
    prepare(path, run_peer)
    return path
