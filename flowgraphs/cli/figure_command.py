"""``semradio figure``: make a figure, from training to the plot, or draw it again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from semradio.flowgraphs.cli import completing

if TYPE_CHECKING:
    from semradio.export.studies import StudyEvent
    from semradio.flowgraphs.figures.declaration import AnyFigure
    from semradio.flowgraphs.figures.models import Models

SEEDS, ONE_SEED, FRAMES, QUICK_FRAMES = "0..2", "0", 10_000, 2_000


@click.command("figure")
@click.argument("name", required=False, shell_complete=completing.figures)
@click.option("--out", type=click.Path(path_type=Path), help="Folder; default: figures.")
@click.option("--format", "formats", default="png,svg,pdf", show_default=True, metavar="LIST")
@click.option(
    "--seeds",
    metavar="LIST",
    help=f"Seeds of the models and the noise; default {SEEDS}; {ONE_SEED} on shipped models.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; default: the cores.")
@click.option("--cache", type=click.Path(path_type=Path), help="Folder that keeps models and runs.")
@click.option("--train", is_flag=True, help="Train models instead of taking the shipped ones.")
@click.option("--quick", is_flag=True, help="Train in a hurry, and measure on fewer images.")
@click.option("--frames", type=click.IntRange(min=1), help="Images of each run.")
@click.option("--from", "source", type=click.Path(path_type=Path), help="Draw from this file.")
@click.option("--quiet", is_flag=True, help="No progress.")
def command(
    name: str | None,
    out: Path | None,
    formats: str,
    seeds: str | None,
    jobs: int | None,
    cache: Path | None,
    train: bool,
    quick: bool,
    frames: int | None,
    source: Path | None,
    quiet: bool,
) -> int:
    """Make the figure NAME: train what is missing, run the flowgraphs, write plot and table.

    Without NAME, list the figures. Models and finished runs are kept, so the same command goes on
    after an interruption, and draws at once when all is there. Some figures are measured on shipped
    models, and train nothing unless told to.

    \b
    semradio figure arn-snr --quick             sooner, and only the course of things
    semradio figure arn-snr                     the whole
    semradio figure arn-snr --from figures/arn-snr.csv      the plot alone
    semradio figure irsc-snr                    on shipped models
    semradio figure irsc-snr --train            on models of your own, several of each
    """
    from semradio.flowgraphs.cli.columns import columns
    from semradio.flowgraphs.figures.catalogue import all_figures, figure_named

    if name is None:
        rows = [(figure.name, figure.summary) for figure in all_figures().values()]
        click.echo("\n".join(columns(rows)))
        return 0
    figure = figure_named(name)
    kinds = [kind.strip() for kind in formats.split(",")]
    if source is not None:
        if train or quick or any(option is not None for option in (seeds, jobs, cache, frames)):
            raise click.UsageError(
                "--from draws what stands in the file: --seeds, --jobs, --cache, --train, --quick "
                "and --frames do not go with it"
            )
        files = _redraw(figure, source, out, kinds)
    else:
        if train and figure.recipe is None:
            raise click.UsageError(f"{name} needs no models, so there is nothing to train")
        if train and figure.zoo is None:
            raise click.UsageError(
                f"the models of {name} are always trained; --train is for figures that are "
                "measured on shipped ones"
            )
        trained = train or (figure.zoo is None and figure.recipe is not None)
        try:
            files = _make(
                figure,
                out or Path("figures"),
                kinds,
                _seeds(figure, seeds, trained),
                jobs,
                cache,
                trained,
                quick,
                frames or (QUICK_FRAMES if quick else FRAMES),
                quiet,
            )
        except KeyboardInterrupt:
            click.echo("interrupted: the same command goes on from here", err=True)
            return 130
    for file in files:
        click.echo(str(file))
    return 0


def _redraw(figure: AnyFigure, source: Path, out: Path | None, formats: list[str]) -> list[Path]:
    from semradio.flowgraphs.figures.making import check, redraw

    folder = out if out is not None else source.absolute().parent
    check(folder, formats)
    return redraw(figure, source, folder, formats)


def _make(
    figure: AnyFigure,
    out: Path,
    formats: list[str],
    seeds: tuple[int, ...],
    jobs: int | None,
    cache: Path | None,
    trained: bool,
    quick: bool,
    frames: int,
    quiet: bool,
) -> list[Path]:
    # Before NumPy is loaded: the runs are the parallelism, threads below them only disturb.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from semradio.blocks.datasets.user_cache import cache_folder
    from semradio.flowgraphs.cli.sweep_display import progress_display
    from semradio.flowgraphs.figures.making import check, make
    from semradio.flowgraphs.figures.measuring import Study

    check(out, formats)
    cache = cache if cache is not None else cache_folder() / "studies"
    models = _trained(figure, seeds, jobs, cache, quick, quiet) if trained else _shipped(figure)
    study = Study(models, seeds, frames)
    with progress_display(quiet) as on_progress:
        return make(figure, study, cache / "figures" / figure.name, out, formats, jobs, on_progress)


def _trained(
    figure: AnyFigure,
    seeds: tuple[int, ...],
    jobs: int | None,
    cache: Path,
    quick: bool,
    quiet: bool,
) -> Models:
    from semradio.export.studies import prepare
    from semradio.flowgraphs.figures.models import Trained

    assert figure.recipe is not None
    root = prepare(
        figure.recipe,
        figure.variants,
        seeds,
        cache=cache,
        jobs=jobs,
        quick=quick,
        progress=None if quiet else _told,
    )
    return Trained(root, quick)


def _shipped(figure: AnyFigure) -> Models:
    from semradio.flowgraphs.figures.models import Shipped, Without

    if figure.zoo is None:
        return Without()
    models = Shipped(figure.zoo)
    models.require(figure.variants)
    return models


def _told(event: StudyEvent) -> None:
    click.echo(
        f"trained {event.variant}, seed {event.seed} ({event.done} of {event.total} are ready)",
        err=True,
    )


def _seeds(figure: AnyFigure, text: str | None, trained: bool) -> tuple[int, ...]:
    from semradio.flowgraphs.figures.declaration import Examples
    from semradio.flowgraphs.sweep.axis import Axis

    single = isinstance(figure, Examples)
    if text is None:
        text = SEEDS if trained and not single else ONE_SEED
    values = Axis.of("--seeds", text).texts
    if not all(value.isdecimal() for value in values):
        raise click.UsageError(f"--seeds: whole numbers such as 0..2 or 0,3, not '{text}'")
    if single and len(values) > 1:
        raise click.UsageError(f"{figure.name} shows the pictures of one seed, not of {text}")
    return tuple(map(int, values))
