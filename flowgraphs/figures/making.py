"""Makes a figure: models, data, plot."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.figures.averages import averages, summary
from semradio.flowgraphs.figures.caption import caption
from semradio.flowgraphs.figures.declaration import Figure
from semradio.flowgraphs.figures.drawing import draw
from semradio.flowgraphs.figures.markdown import to_markdown
from semradio.flowgraphs.figures.measuring import Study, measure
from semradio.flowgraphs.figures.saving import check_formats, look, require_matplotlib, save
from semradio.flowgraphs.sweep import Table
from semradio.flowgraphs.sweep.progress import OnSweepProgress


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
    figure: Figure,
    study: Study,
    store: Path,
    out: Path,
    formats: Sequence[str],
    jobs: int | None = None,
    on_progress: OnSweepProgress | None = None,
) -> list[Path]:
    """Measure a figure on trained models, and write table and plot into a folder.

    Returns the files. Raises :class:`SemradioError` or one of its kinds, as the steps do.
    """
    table = measure(figure, study, store, jobs, on_progress)
    path = out / f"{figure.name}.csv"
    table.write(path)
    return [path, *_plot(figure, table, path, out, formats)]


def redraw(figure: Figure, source: Path, out: Path, formats: Sequence[str]) -> list[Path]:
    """Draw a figure again from its table alone; elsewhere, the table goes along unchanged.

    Raises:
        SweepError: the table cannot be read, or is not one of this figure.
    """
    table = Table.read(source)
    path = out / f"{figure.name}.csv"
    files = _plot(figure, table, source, out, formats)
    if not (path.exists() and path.samefile(source)):
        shutil.copyfile(source, path)
    return [path, *files]


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
        picture = draw(figure, known, words)
        for suffix in formats:
            files.append(out / f"{figure.name}.{suffix}")
            save(picture, files[-1])
    return files
