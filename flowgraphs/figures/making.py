"""Makes a figure: models, data, plot."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.figures.averages import averages, summary
from semradio.flowgraphs.figures.caption import caption
from semradio.flowgraphs.figures.declaration import AnyFigure, Examples, Figure
from semradio.flowgraphs.figures.drawing import draw
from semradio.flowgraphs.figures.examples import Sheet, collect
from semradio.flowgraphs.figures.gallery import draw_sheet
from semradio.flowgraphs.figures.markdown import to_markdown
from semradio.flowgraphs.figures.measuring import Study, measure
from semradio.flowgraphs.figures.saving import check_formats, look, require_matplotlib, save
from semradio.flowgraphs.sweep import Table
from semradio.flowgraphs.sweep.progress import OnSweepProgress

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture


def check(out: Path, formats: Sequence[str]) -> None:
    """Find out now what would hinder the last step after an hour of the first ones.

    Raises:
        ParameterError: no such format.
        SemradioError: matplotlib is missing, or the folder cannot be written into.
    """
    check_formats(formats)
    require_matplotlib()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise SemradioError(f"cannot write into {out}: {error.strerror or error}") from None


def make(
    figure: AnyFigure,
    study: Study,
    store: Path,
    out: Path,
    formats: Sequence[str],
    jobs: int | None = None,
    on_progress: OnSweepProgress | None = None,
) -> list[Path]:
    """Measure a figure, and write its data and its plot into a folder.

    Returns the files. Raises :class:`SemradioError` or one of its kinds, as the steps do.
    """
    path = out / f"{figure.name}{_suffix(figure)}"
    if isinstance(figure, Figure):
        table = measure(figure, study, store, jobs, on_progress)
        table.write(path)
        return [path, *_plot(figure, table, path, out, formats)]
    sheet = collect(figure, study, store, jobs, on_progress)
    sheet.write(path)
    return [path, *_show(figure, sheet, out, formats)]


def redraw(figure: AnyFigure, source: Path, out: Path, formats: Sequence[str]) -> list[Path]:
    """Draw a figure again from its data alone; elsewhere, the data go along unchanged.

    Raises:
        SemradioError: the data cannot be read, or are not of this figure.
    """
    path = out / f"{figure.name}{_suffix(figure)}"
    if isinstance(figure, Figure):
        files = _plot(figure, Table.read(source), source, out, formats)
    else:
        files = _show(figure, Sheet.read(source, figure), out, formats)
    if not (path.exists() and path.samefile(source)):
        shutil.copyfile(source, path)
    return [path, *files]


def _suffix(figure: AnyFigure) -> str:
    """Return how the file ends that holds a figure's data."""
    return ".csv" if isinstance(figure, Figure) else ".npz"


def _plot(
    figure: Figure, table: Table, source: Path, out: Path, formats: Sequence[str]
) -> list[Path]:
    """Write the averages, the plot, and the Markdown table where the figure has one."""
    known = averages(figure, table, source)
    words = caption(figure, table)
    files = [out / f"{figure.name}.summary.csv"]
    summary(figure, known).write(files[0])
    if figure.as_table:
        files.append(out / f"{figure.name}.md")
        files[-1].write_text(to_markdown(figure, known, words), encoding="utf-8")
    with look():
        return files + _saved(draw(figure, known, words), figure, out, formats)


def _show(examples: Examples, sheet: Sheet, out: Path, formats: Sequence[str]) -> list[Path]:
    with look():
        return _saved(draw_sheet(examples, sheet), examples, out, formats)


def _saved(picture: Picture, figure: AnyFigure, out: Path, formats: Sequence[str]) -> list[Path]:
    """Write a picture in all formats; within :func:`look`."""
    files = [out / f"{figure.name}.{suffix}" for suffix in formats]
    for file in files:
        save(picture, file)
    return files
