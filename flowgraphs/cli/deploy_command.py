"""``semradio deploy``: start a flowgraph's processes where they belong, and collect the result."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from semradio.flowgraphs.deploy.deployment import Deployment
    from semradio.flowgraphs.plan import Plan


@click.group("deploy")
def command() -> None:
    """Start each process of a flowgraph where it belongs, and print one result, as 'run' does.

    \b
    semradio deploy local my_link.yml
    semradio deploy ssh my_link.yml --on alice=lab1 --on bob=me@lab2
    semradio deploy slurm my_link.yml
    semradio deploy kubernetes my_link.yml --image IMAGE > my_link-k8s.yml

    'status', 'logs' and 'stop' tell of it afterwards, or from another terminal.
    """


def _common(function: Callable[..., Any]) -> Callable[..., Any]:
    for add in (
        click.option("--chunk", type=click.IntRange(min=1), help="Items a source emits per step."),
        click.option("--port", type=click.IntRange(1, 65000), default=5601, show_default=True,
                     help="First port; each process that sends takes one."),
        click.option("--patience", type=click.FloatRange(min=0),
                     help="Seconds that a process may be gone; 10."),
        click.option("--program", help="The command semradio there, with its path."),
        click.argument("overrides", nargs=-1, metavar="[NAME=VALUE]..."),
        click.argument("file"),
    ):  # fmt: skip
        function = add(function)
    return function


def _waiting(function: Callable[..., Any]) -> Callable[..., Any]:
    for add in (
        click.option("--detach", is_flag=True, help="Do not wait for the end."),
        click.option("--json", "json_out", metavar="OUT", help="Write results as JSON; - stdout."),
        click.option("--quiet", is_flag=True, help="No table."),
    ):
        function = add(function)
    return _common(function)


@command.command("local")
@_waiting
def local(file: str, overrides: tuple[str, ...], **options: Any) -> int:
    """Start each process by itself on this host."""
    return _run("local", file, overrides, options, {}, {})


@command.command("ssh")
@click.option("--on", multiple=True, required=True, metavar="PROCESS=HOST", help="Where it runs.")
@click.option("--address", multiple=True, metavar="HOST=ADDRESS", help="How others reach a host.")
@click.option("--ssh", default="ssh", show_default=True, help="The command, with its options.")
@_waiting
def ssh(
    file: str,
    overrides: tuple[str, ...],
    on: tuple[str, ...],
    address: tuple[str, ...],
    ssh: str,
    **options: Any,
) -> int:
    """Start each process on its host over your own ssh, under systemd where you have one there."""
    given = {"ssh": ssh}
    return _run("ssh", file, overrides, options, _pairs("--on", on), given, address)


@command.command("slurm")
@click.option("--sbatch", default="", help="Options for sbatch, such as '--partition=x --time=5'.")
@_waiting
def slurm(file: str, overrides: tuple[str, ...], sbatch: str, **options: Any) -> int:
    """Submit a Slurm job with a task for each process; the nodes share your home folder's disk."""
    return _run("slurm", file, overrides, options, {}, {"sbatch": sbatch})


@command.command("kubernetes")
@click.option("--image", required=True, help="Container image with semradio in it.")
@click.option(
    "--kubectl",
    default="kubectl",
    show_default=True,
    help="The command that 'status', 'logs' and 'stop' ask, with its options.",
)
@_common
def kubernetes(
    file: str, overrides: tuple[str, ...], image: str, kubectl: str, port: int,
    program: str | None,
    chunk: int | None,
    patience: float | None,
) -> None:  # fmt: skip
    """Print the manifests: a Job for each process, a headless Service, a ConfigMap, its keys."""
    from semradio.flowgraphs.deploy.deployment import endpoints
    from semradio.flowgraphs.deploy.kubernetes import label, manifests
    from semradio.flowgraphs.deploy.preparing import KEYS, keys_of, prepared
    from semradio.flowgraphs.language import dump
    from semradio.flowgraphs.language.dump import one_line

    plan = _plan(file, overrides)
    plan.chunk = chunk or plan.chunk
    made = prepared(plan, "kubernetes", shlex.split(program or "semradio"))
    made.patience = patience
    where = {name: f"{label(name)}.{made.name}" for name in plan.processes}
    made.endpoints = endpoints(plan, where, port)
    keys: dict[str, dict[str, bytes]] = {}
    if isinstance(plan.security, dict):
        folder = Path(plan.security["curve"]).expanduser()
        keys = {name: keys_of(folder, [name]) for name in plan.processes}
        plan.security = {"curve": f"/{KEYS}"}
    for manifest in manifests(made, image, dump(plan), keys):
        click.echo(f"---\n{one_line(manifest)}")
    made.options["kubectl"] = kubectl
    made.save()
    click.echo(f"{made.name}: written, to be started with '{kubectl} apply'", err=True)


def _run(
    engine: str,
    file: str,
    overrides: tuple[str, ...],
    options: dict[str, Any],
    hosts: dict[str, str],
    extra: dict[str, str],
    address: tuple[str, ...] = (),
) -> int:
    from semradio.flowgraphs.deploy.preparing import files_of, prepared
    from semradio.flowgraphs.deploy.running import engine_of

    plan = _plan(file, overrides)
    # What runs here is the same there, where there is the same disk.
    own = [sys.executable, "-m", "semradio"] if engine != "ssh" else ["semradio"]
    program = shlex.split(options["program"]) if options["program"] else own
    made = prepared(
        plan,
        engine,
        program,
        hosts=hosts,
        addresses=_pairs("--address", address),
        port=options["port"],
        chunk=options["chunk"],
    )
    made.options.update(extra)
    made.patience = options["patience"]
    if engine == "slurm":
        made.endpoints = {n: e.rpartition(":")[2] for n, e in made.endpoints.items()}
    # Before anything is started: a key that is missing is told now.
    files_of(plan, made.processes)
    made.save()
    engine_of(made).start(made, lambda processes: files_of(plan, processes))
    made.save()
    click.echo(f"{made.name}: started with {engine}", err=True)
    for host, why in _started_by(made).items():
        click.echo(f"  on {host}: {why}", err=True)
    if options["detach"]:
        return 0
    return _wait(made, plan, options["json_out"], options["quiet"])


def _wait(deployment: Deployment, plan: Plan, json_out: str | None, quiet: bool) -> int:
    from semradio.flowgraphs.deploy.running import ENDS_WITHIN_S, Watch, result, stop

    watch = Watch(deployment, lambda line: click.echo(line, err=True))
    try:
        try:
            watch.until_the_end()
        except KeyboardInterrupt:
            stop(deployment)
            watch.until_the_end(ENDS_WITHIN_S)
    finally:
        watch.close()
    found = result(deployment, plan)
    if json_out == "-":
        sys.stdout.write(found.to_json() + "\n")
    elif json_out is not None:
        Path(json_out).write_text(found.to_json() + "\n", encoding="utf-8")
    if not quiet and json_out != "-":
        from semradio.flowgraphs.cli.tables import print_result

        print_result(found)
    return 130 if found.interrupted else 0


def _started_by(deployment: Deployment) -> dict[str, str]:
    """Return what started the processes on each other host."""
    hosts = deployment.hosts.items()
    return {host: deployment.supervisors.get(process, "") for process, host in hosts}


def _plan(file: str, overrides: tuple[str, ...]) -> Plan:
    """Return the plan of a file, checked as far as this host can."""
    from semradio.flowgraphs.language import load

    return load(file, overrides)


def _pairs(option: str, texts: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not value:
            raise click.UsageError(f"{option}: '{text}' is not NAME=VALUE")
        found[name] = value
    return found
