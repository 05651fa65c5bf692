"""``semradio train``: train models by a recipe."""

from __future__ import annotations

from pathlib import Path

import click

from semradio.flowgraphs.cli import completing


def as_given(value: object) -> str:
    """Return a setting's value as ``--set`` takes it."""
    if isinstance(value, tuple):
        return ",".join(map(as_given, value)) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)


@click.command("train")
@click.argument("recipe", required=False, shell_complete=completing.recipes)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the run; default: runs/NAME.",
)
@click.option("--variant", help="A named variant of the recipe.")
@click.option("--seed", type=int, help="Seed of weights, batches and noise.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change a setting.")
@click.option("--resume", is_flag=True, help="Go on with the run in the folder.")
@click.option("--quick", is_flag=True, help="A small run, to try things out.")
@click.option("--quiet", is_flag=True, help="No progress.")
def command(
    recipe: str | None,
    out: Path | None,
    variant: str | None,
    seed: int | None,
    settings: tuple[str, ...],
    resume: bool,
    quick: bool,
    quiet: bool,
) -> None:
    """Train by RECIPE; without one, list the recipes, their settings and their variants.

    Needs torch: pip install "semradio[train]".
    """
    from semradio.export import commands
    from semradio.flowgraphs.cli.columns import columns

    if recipe is None:
        for name, known in commands.describe().items():
            click.echo(f"{name}\n{click.wrap_text(known.summary, 96, '  ', '  ')}\n")
            rows = [(o.name, o.type, as_given(o.default), o.doc) for o in known.options()]
            click.echo("\n".join(columns(rows, widest=24)))
            variants = f"variants: {', '.join(known.variants())}"
            click.echo("\n" + click.wrap_text(variants, 96, "  ", "    "))
        return
    folder = out if out is not None else Path("runs") / (variant or recipe)
    report = commands.train(
        recipe,
        folder,
        variant=variant,
        seed=seed,
        overrides=settings,
        resume=resume,
        quick=quick,
        quiet=quiet,
    )
    click.echo(str(report))
    models = Path("models") / folder.name
    click.echo(f"run kept in {folder}; 'semradio export {folder} --out {models}' writes ONNX files")
