"""What a run found out: ``report.json`` in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import msgspec

from semradio.blocks.errors import ModelError
from semradio.blocks.part_file import write_whole

REPORT = "report.json"
"""File of the report in the folder of a run."""


class RunReport:
    """The outcome of a run. A recipe's is a frozen dataclass of this class.

    By its field ``recipe``, the recipe's name, an export finds who exports the run. As text it is
    what ``semradio train`` prints.
    """

    def write(self, folder: Path) -> None:
        """Write the report into the folder of its run."""
        text = msgspec.json.format(msgspec.json.encode(self), indent=2)
        write_whole(folder / REPORT, text, durable=True)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read a finished run's report.

        Raises :class:`ModelError` if there is none, or it is not one of this class.
        """
        path = folder / REPORT
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except FileNotFoundError as error:
            raise ModelError(f"{folder} holds no finished run: no {REPORT} in it") from error
        except msgspec.MsgspecError as error:
            raise ModelError(f"{path} cannot be read: {error}") from error
