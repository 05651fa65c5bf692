"""Workers of a Dask cluster.

Dask's own transport unpickles what it receives: use it inside a network that you trust. What this
module sends and gets is text alone.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator
from types import TracebackType

from semradio.flowgraphs.runtime.failure import RunError
from semradio.flowgraphs.sweep.failure import SweepError
from semradio.flowgraphs.sweep.grid import Cell
from semradio.flowgraphs.sweep.job import version

VERSION = version()

CONNECT_S = 10.0
"""Seconds that a scheduler has to answer."""


def check_address(address: str) -> None:
    """Raise SweepError unless Dask is here and a scheduler can have that address."""
    if importlib.util.find_spec("distributed") is None:
        raise SweepError('a cluster needs the package distributed: pip install "semradio[cluster]"')
    from distributed.comm.addressing import get_address_host_port

    try:
        host, port = get_address_host_port(address)
    except ValueError as error:
        reason = str(error)
    else:
        if host and 0 < port < 1 << 16:
            return
        reason = "no host, or no such port"
    raise SweepError(f"'{address}' is no address of a Dask scheduler, as tcp://host:8786: {reason}")


class Cluster:
    """The workers of a Dask scheduler.

    Args:
        address: of the scheduler, such as ``tcp://host:8786``.

    Raises:
        SweepError: Dask is missing here, the address is none, the scheduler does not answer or
            has no workers, or a worker has no semradio of this version.
    """

    def __init__(self, address: str) -> None:
        check_address(address)
        from distributed import Client

        self.address = address
        try:
            self._client = Client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise SweepError(f"no Dask scheduler answers at {address}: {error}") from None
        try:
            self._check_versions()
        except BaseException:
            self._client.close()
            raise

    def run(self, cells: Iterable[Cell]) -> Iterator[tuple[Cell, str]]:
        """Run cells and yield each with what its worker said, as they finish.

        Raises:
            RunError: a worker died again and again, or could not be reached any more.
        """
        from distributed import as_completed

        from semradio.flowgraphs.sweep.worker import run_cell

        futures = {self._client.submit(run_cell, c.job, pure=False): c for c in cells}
        try:
            for future in as_completed(list(futures), loop=self._client.loop):
                cell = futures[future]
                try:
                    said: str = future.result()
                except Exception as error:
                    raise RunError(f"{cell.label}: {type(error).__name__}: {error}") from None
                yield cell, said
        finally:
            self._client.cancel(list(futures), force=True)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def _check_versions(self) -> None:
        try:
            found = self._client.run(version)
        except Exception as error:
            raise SweepError(
                f"a worker of {self.address} cannot run semradio {VERSION}: "
                f"{type(error).__name__}: {error}"
            ) from None
        if not found:
            raise SweepError(f"the scheduler at {self.address} has no workers")
        for worker, theirs in found.items():
            if theirs != VERSION:
                raise SweepError(
                    f"worker {worker} has semradio {theirs}, this is {VERSION}: install the same"
                )
