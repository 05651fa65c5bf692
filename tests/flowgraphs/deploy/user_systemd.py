"""A user's systemd for tests, on a machine that was not started by one: needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SYSTEMD = Path("/lib/systemd/systemd")
UNITS = Path("/usr/lib/systemd/user")
BUS = ("dbus.socket", "dbus.service")
"""What ``systemd-run --wait`` asks over."""

# In a mount namespace of its own: systemd wants to see a machine that systemd started, and a tree
# of control groups, of which it gets a branch.
BEGIN = """set -e
mount -t tmpfs none /run
mkdir -p /run/systemd/system
if mountpoint -q /sys/fs/cgroup; then umount -R /sys/fs/cgroup; fi
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/{name}
echo $$ >/sys/fs/cgroup/{name}/cgroup.procs
exec unshare --cgroup --mount sh -c '
    umount /sys/fs/cgroup
    mount -t cgroup2 none /sys/fs/cgroup
    exec {systemd} --user --log-target=console'
"""

END = """mount -t cgroup2 none /sys/fs/cgroup
echo 1 >/sys/fs/cgroup/{name}/cgroup.kill
for try in 1 2 3 4 5 6 7 8 9; do
    find /sys/fs/cgroup/{name} -depth -type d -exec rmdir {{}} + 2>/dev/null && exit
    sleep 0.2
done
"""


def why_not() -> str | None:
    """Return why there can be none here; None if there can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a user's systemd in namespaces of its own needs root on Linux"
    if not all(path.exists() for path in (SYSTEMD, *(UNITS / name for name in BUS))):
        return "needs systemd, and a bus (Debian: systemd dbus-user-session)"
    tried = subprocess.run(
        ["unshare", "--mount", "--cgroup", "sh", "-c", "mount -t cgroup2 none /sys/fs/cgroup"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"no control groups here: {tried.stderr.strip()}" if tried.returncode else None


@contextmanager
def user_systemd() -> Iterator[dict[str, str]]:
    """Start one; yields what its user finds in the environment.

    Raises:
        RuntimeError: it does not come up.
    """
    # A short name: the path of a socket has little room.
    folder = Path(tempfile.mkdtemp(prefix="smrd-sd-", dir="/tmp"))
    units = folder / "units"
    units.mkdir()
    # Its other default units are services of a desktop, which nobody needs here.
    for name in ("default", "basic", "shutdown"):
        (units / f"{name}.target").write_text(f"[Unit]\nDescription={name}\n")
    with (units / "default.target").open("a") as file:
        file.write("Wants=dbus.socket\n")
    for name in BUS:
        (units / name).symlink_to(UNITS / name)
    name = f"semradio-test-{os.getpid()}"
    environment = {"XDG_RUNTIME_DIR": str(folder)}
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", BEGIN.format(name=name, systemd=SYSTEMD)],
            env={**os.environ, **environment, "SYSTEMD_UNIT_PATH": str(units)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + 120
        asked = ["systemd-run", "--user", "--quiet", "--collect", "--wait", "true"]
        while subprocess.run(
            asked, env={**os.environ, **environment}, capture_output=True, check=False
        ).returncode:
            if child.poll() is not None or time.monotonic() > deadline:
                said = (folder / "log").read_text(errors="replace")
                raise RuntimeError(f"systemd does not come up: {said[-2000:]}")
            time.sleep(0.1)
        yield environment
    finally:
        # All of its group die, itself as well.
        subprocess.run(["unshare", "--mount", "sh", "-c", END.format(name=name)], check=False)
        child.kill()
        child.wait()
        shutil.rmtree(folder, ignore_errors=True)
