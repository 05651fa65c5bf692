"""Models of many runs of a recipe, trained once and kept: what figures and tables are made from."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import msgspec

from semradio.blocks.errors import SemradioError
from semradio.blocks.part_file import write_whole
from semradio.export.recipes import recipe_named
from semradio.export.recipes.settings import RecipeConfig, parse_overrides, with_overrides

_DONE = "study.json"


@dataclass(frozen=True)
class StudyEvent:
    """A run of a study is ready."""

    variant: str
    seed: int
    done: int
    """Runs that are ready now, those found ready at the beginning included."""
    total: int


StudyProgress = Callable[[StudyEvent], None]
"""A callback that is given each event, in order, in the calling thread."""


def prepare(
    recipe: str,
    variants: Sequence[str],
    seeds: Sequence[int],
    *,
    cache: Path,
    jobs: int | None = None,
    quick: bool = False,
    settings: Sequence[str] = (),
    progress: StudyProgress | None = None,
) -> Path:
    """Train and export what is missing, and return the folder that holds all of it.

    Afterwards ``<folder>/<variant>/seed-<n>/<model>.onnx`` exist. Runs of other settings, left by
    another version, are trained anew. An interrupted preparation goes on where it was.

    Args:
        recipe: a name of :func:`semradio.export.recipes.recipes`.
        variants: names of the recipe's variants.
        seeds: of the runs of each variant.
        cache: folder of all studies.
        jobs: runs at a time, each on one core; by default one per core.
        quick: begin with the recipe's quick settings.
        settings: words ``NAME=VALUE`` that change settings of every run; such studies are kept
            apart.
        progress: is told of each run that is ready.

    Raises:
        SemradioError: unknown names, data that is not there, a failed run, and where torch is
            needed and not installed.
    """
    chosen = recipe_named(recipe)
    words = parse_overrides(settings)
    root = cache.expanduser().absolute() / recipe / _name(quick, words)
    runs = [
        _Run(
            recipe,
            variant,
            seed,
            root,
            with_overrides(chosen.config(variant, seed=seed, quick=quick), words),
        )
        for variant in variants
        for seed in seeds
    ]
    missing = [run for run in runs if not run.ready]
    done = len(runs) - len(missing)
    if missing:
        from semradio.export.commands import require_torch

        require_torch()
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SemradioError(f"cannot keep models in {root}: {error.strerror}") from error
    with _workers(min(jobs or os.cpu_count() or 1, max(1, len(missing)))) as pool:
        pending = {pool.submit(_train, run): run for run in missing}
        try:
            for future in as_completed(pending):
                run = pending[future]
                future.result()
                done += 1
                if progress is not None:
                    progress(StudyEvent(run.variant, run.seed, done, len(runs)))
        except BrokenProcessPool:
            raise SemradioError(
                f"a training process was killed; run the same command again to go on ({done} of "
                f"{len(runs)} runs are ready)"
            ) from None
        except SemradioError as error:
            raise SemradioError(f"{run.variant}, seed {run.seed}: {error}") from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return root


def _name(quick: bool, words: Mapping[str, str]) -> str:
    name = "quick" if quick else "full"
    if words:
        text = ",".join(f"{key}={words[key]}" for key in sorted(words))
        name += f"-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return name


@dataclass(frozen=True)
class _Run:
    recipe: str
    variant: str
    seed: int
    root: Path
    config: RecipeConfig

    @property
    def folder(self) -> Path:
        return self.root / self.variant / f"seed-{self.seed}"

    @property
    def settings(self) -> bytes:
        return msgspec.json.encode(self.config)

    @property
    def ready(self) -> bool:
        """Whether the models are there, of exactly these settings."""
        try:
            return (self.folder / _DONE).read_bytes() == self.settings
        except FileNotFoundError:
            return False


def _workers(jobs: int) -> ProcessPoolExecutor:
    # Spawned, not forked: a fork takes over threads of numeric libraries in an unknown state.
    return ProcessPoolExecutor(
        jobs, multiprocessing.get_context("spawn"), initializer=_end_with_parent
    )


def _end_with_parent() -> None:
    """Let this process end as soon as the one that started it is gone, killed or not."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _train(run: _Run) -> None:
    import torch

    torch.set_num_threads(1)
    recipe = recipe_named(run.recipe)
    inside = run.folder / "run"
    begun = inside / "settings.json"
    if inside.exists() and not (begun.exists() and begun.read_bytes() == run.settings):
        shutil.rmtree(run.folder)
    inside.mkdir(parents=True, exist_ok=True)
    write_whole(begun, run.settings, durable=True)
    recipe.train_module().run(run.config, inside, resume=True, shared=run.root / "shared")
    recipe.deploy_module().export(inside, run.folder)
    write_whole(run.folder / _DONE, run.settings, durable=True)
