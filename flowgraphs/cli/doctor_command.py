"""``semradio doctor``: what is here, what is not, and what to do about it."""

from __future__ import annotations

import click


@click.command("doctor")
def command() -> int:
    """Look at versions, providers, data sets, radios, sockets and permissions.

    What is missing is told with what to do. Exit status 1 if something that every run needs is
    wrong; what only some runs need is no fault.
    """
    from semradio.flowgraphs.doctor import examine

    findings = examine()
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        mark = {"good": "ok  ", "absent": "-   ", "bad": "BAD "}[finding.state]
        click.echo(f"{mark}{finding.what.ljust(width)}  {finding.told}")
        if finding.advice:
            click.echo(f"    {'':{width}}  -> {finding.advice}")
    return int(any(finding.state == "bad" for finding in findings))
