"""Tables of cells: rows with named columns, written as CSV or Parquet."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from semradio.blocks.errors import nearest
from semradio.blocks.part_file import whole
from semradio.flowgraphs.sweep.failure import SweepError
from semradio.flowgraphs.sweep.summary import summarised

KINDS = (".csv", ".parquet")
"""Endings of the files that a table is written to."""

AXES = b"semradio.axes"
"""Key of a Parquet file's metadata that holds the names of the axes."""

_INT = re.compile(r"[-+]?\d+")


@dataclass(slots=True)
class Table:
    """Rows of named values: None, bool, int, float or text; lists stand as JSON text.

    columns : names, in order. rows : the values of each row, by column
    axes : the columns that the rows were made over, the leading ones
    """

    columns: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    axes: tuple[str, ...] = ()

    def select(self, **equal: Any) -> Table:
        """Return the rows whose columns have these values; SweepError for an unknown column."""
        for name in equal:
            self._known(name)
        chosen = [row for row in self.rows if all(row[k] == v for k, v in equal.items())]
        return Table(list(self.columns), chosen, self.axes)

    def summary(self, over: str = "seed") -> Table:
        """Return mean and 95 % interval over one axis, one row for each group of the others.

        Columns: the other axes, ``n`` (rows of the group), and for each numeric result ``X`` its
        mean ``X`` and ``X.ci95``, the half-width of the interval by Student's t; None where n is
        1. A result that a row of the group lacks is None. Rows with an ``error`` are left out.

        Raises:
            SweepError: ``over`` is no axis.
        """
        self._known(over)
        if over not in self.axes:
            raise SweepError(
                f"'{over}' is not an axis of the table{nearest(over, self.axes)}; "
                f"axes: {', '.join(self.axes) or 'none'}"
            )
        others = tuple(axis for axis in self.axes if axis != over)
        return Table(*summarised(self.columns, self.rows, others, self.axes), others)

    @classmethod
    def read(cls, path: str | Path) -> Table:
        """Read a table from a .csv or .parquet file.

        A .csv file does not name the axes: they are taken to be the fewest leading columns that
        tell all rows apart.

        Raises:
            SweepError: the file cannot be read.
        """
        path = Path(path)
        kind = _kind(path)
        try:
            return _read_csv(path) if kind == ".csv" else _read_parquet(path)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise SweepError(f"cannot read the table {path}: {reason}") from None

    def write(self, path: str | Path) -> None:
        """Write the table to a .csv or .parquet file; the file appears whole or not at all.

        Raises:
            SweepError: the file cannot be written.
        """
        path = Path(path)
        kind = _kind(path)
        try:
            with whole(path) as part:
                if kind == ".csv":
                    part.write_text(self.to_csv(), encoding="utf-8", newline="")
                else:
                    _write_parquet(self, part)
        except OSError as error:
            raise SweepError(f"cannot write the table {path}: {error.strerror or error}") from None

    def to_csv(self) -> str:
        """Return the table as CSV (RFC 4180, lines end in LF).

        ``true``, ``false``, numbers in full, None as nothing; text that would read as
        something else stands in quotes of JSON.
        """
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([as_text(row[name]) for name in self.columns] for row in self.rows)
        return out.getvalue()

    def _known(self, name: str) -> None:
        if name not in self.columns:
            raise SweepError(
                f"no column '{name}'{nearest(name, self.columns)}; "
                f"columns: {', '.join(self.columns)}"
            )


def parquet_available() -> bool:
    """Whether Parquet files can be read and written here."""
    return importlib.util.find_spec("pyarrow") is not None


def check_kind(path: Path) -> None:
    """Raise SweepError unless a table can be written to a file of that name."""
    _kind(path)


def as_text(value: Any) -> str:
    """Return a value as a cell of CSV."""
    if value is None:
        return ""
    if isinstance(value, str):
        plain = isinstance(from_text(value), str) and not value.startswith('"')
        return value if plain else json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def from_text(text: str) -> Any:
    """Return the value of a cell of CSV."""
    if text in ("", "true", "false"):
        return {"": None, "true": True, "false": False}[text]
    if text.startswith('"'):
        try:
            return json.loads(text)
        except ValueError:
            return text
    if _INT.fullmatch(text):
        return int(text)
    try:
        # Python takes 1_000 for a number, tables do not.
        return text if "_" in text else float(text)
    except ValueError:
        return text


def _kind(path: Path) -> str:
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise SweepError(f"a table is a .csv or a .parquet file, not '{path}'")
    if kind == ".parquet" and not parquet_available():
        raise SweepError(
            f"'{path}' needs the package pyarrow: pip install \"semradio[sweep]\", or name a .csv"
        )
    return kind


def _read_csv(path: Path) -> Table:
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        columns = next(lines, [])
        rows = []
        for line in lines:
            if len(line) != len(columns):
                raise SweepError(
                    f"{path}:{lines.line_num}: {len(line)} values for {len(columns)} columns"
                )
            rows.append(dict(zip(columns, map(from_text, line), strict=True)))
    return Table(columns, rows, _leading_key(columns, rows))


def _leading_key(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    for count in range(len(columns)):
        if len({tuple(as_text(row[c]) for c in columns[:count]) for row in rows}) == len(rows):
            return tuple(columns[:count])
    return ()


def _read_parquet(path: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            found = pq.read_table(file)
    except pa.ArrowException as error:
        raise SweepError(f"cannot read the table {path}: {error}") from None
    axes = json.loads((found.schema.metadata or {}).get(AXES, b"[]"))
    return Table(list(found.column_names), found.to_pylist(), tuple(axes))


def _write_parquet(table: Table, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = [_column([row[name] for row in table.rows]) for name in table.columns]
    found = pa.Table.from_arrays([pa.array(a) for a in arrays], names=table.columns)
    pq.write_table(found.replace_schema_metadata({AXES: json.dumps(table.axes)}), path)


def _column(values: list[Any]) -> list[Any]:
    """Return a column as one kind of value: as text where kinds are mixed."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float}:
        if kinds == {int} and all(v is None or -(2**63) <= v < 2**63 for v in values):
            return values
        return [None if v is None else float(v) for v in values]
    if len(kinds) == 1:
        return values
    return [v if v is None or isinstance(v, str) else as_text(v) for v in values]
