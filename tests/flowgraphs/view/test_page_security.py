"""Who is kept out of the page of a run, and that the run does not notice."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psutil
import pytest
from pages import LINK, Looker, Viewer
from runs_beside import Run, own_sockets
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, Viewer]]:
    """A run and its viewer, for all tests: none may hurt them."""
    with own_sockets(tmp_path_factory) as folder:
        run = Run(folder, LINK)
        viewer = Viewer()
    yield run, viewer
    viewer.end()
    run.control.stop()
    # Stopped, as by Ctrl-C.
    run.end(130)


@pytest.fixture
def watched(both: tuple[Run, Viewer]) -> Iterator[tuple[Run, Viewer]]:
    """A run and its viewer; after the test both must stand as they did."""
    run, viewer = both
    yield run, viewer
    before = items(run)
    assert run.control.values()["air.snr_db"] == 3.0
    deadline = time.monotonic() + 120
    while items(run) <= before:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # The viewer itself is there still, for who has its token.
    status, cookie = viewer.enter(viewer.token())
    assert status == 204
    with viewer.socket(cookie) as line:
        assert Looker(line).until("run")["flowgraph"] == "watched"


def items(run: Run) -> int:
    return next(b.items_in for b in run.control.status().blocks if b.name == "sink")


def refused(viewer: Viewer, cookie: str, **how: Any) -> int:
    """Return the status with which a websocket is refused."""
    with pytest.raises(InvalidStatus) as found:
        viewer.socket(cookie, **how)
    return found.value.response.status_code


def test_foreign_origins_are_refused(watched: tuple[Run, Viewer]) -> None:
    _, viewer = watched
    _, cookie = viewer.enter(viewer.token())
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{viewer.port + 1}"):
        assert viewer.enter(viewer.token(), Origin=origin) == (403, "")
        assert refused(viewer, cookie, origin=origin) == 403
        assert viewer.ask("GET", "/", Origin=origin)[0] == 403
    # Not even who sends none: every browser does.
    assert refused(viewer, cookie, origin=None) == 403


def test_foreign_hosts_are_refused(watched: tuple[Run, Viewer]) -> None:
    _, viewer = watched
    for host in ("evil.example", f"evil.example:{viewer.port}", f"0.0.0.0:{viewer.port}", ""):
        status, _, body = viewer.ask("GET", "/", Host=host)
        assert status in (400, 421), host
        assert b"<html" not in body
        origin = f"http://{host}"
        assert viewer.enter(viewer.token(), Host=host, Origin=origin)[0] in (400, 421)
    assert viewer.ask("GET", "/", Host=f"localhost:{viewer.port}")[0] == 200


def test_it_listens_on_loopback_only(watched: tuple[Run, Viewer]) -> None:
    _, viewer = watched
    listening = [
        c.laddr
        for c in psutil.Process(viewer.process.pid).net_connections()
        if c.status == psutil.CONN_LISTEN
    ]
    assert [tuple(address) for address in listening] == [("127.0.0.1", viewer.port)]


def test_without_a_token_nothing_is_shown(watched: tuple[Run, Viewer]) -> None:
    _, viewer = watched
    assert refused(viewer, "") == 403
    assert refused(viewer, f"semradio_{viewer.port}=guess") == 403
    assert viewer.enter("") == (403, "")
    assert viewer.enter("ä" * 20) == (403, "")
    # The token itself is no cookie.
    assert refused(viewer, f"semradio_{viewer.port}={viewer.token()}") == 403


def test_the_token_of_another_run_is_refused(watched: tuple[Run, Viewer]) -> None:
    _, viewer = watched
    other = Viewer()
    try:
        assert viewer.enter(other.token()) == (403, "")
        status, cookie = other.enter(other.token())
        assert status == 204
        assert refused(viewer, cookie) == 403
        value = cookie.partition("=")[2]
        assert refused(viewer, f"semradio_{viewer.port}={value}") == 403
    finally:
        other.end()


def test_forms_and_other_methods_are_refused(watched: tuple[Run, Viewer]) -> None:
    _, viewer = watched
    body = json.dumps({"token": viewer.token()}).encode()
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain", ""):
        assert viewer.enter(viewer.token(), Content_Type=kind) == (415, "")
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT"):
        assert viewer.ask(method, "/enter", body, Origin=viewer.origin)[0] in (400, 405)
    json_only = {"Origin": viewer.origin, "Content_Type": "application/json"}
    assert viewer.ask("POST", "/enter", b"{", **json_only)[0] == 400
    assert viewer.ask("POST", "/enter", b'{"token": 3}', **json_only)[0] == 400
    assert viewer.ask("POST", "/look", body, **json_only)[0] in (404, 405)


def test_large_bodies_are_refused(watched: tuple[Run, Viewer]) -> None:
    _, viewer = watched
    sent = {"Origin": viewer.origin, "Content_Type": "application/json"}
    # Told by its length alone.
    assert viewer.ask("POST", "/enter", b"", Content_Length="1048576", **sent)[0] == 413
    # Without a length it could go on for ever.
    assert viewer.ask("POST", "/enter", b"0\r\n\r\n", Content_Length="x", **sent)[0] in (400, 411)
    _, cookie = viewer.enter(viewer.token())
    with viewer.socket(cookie) as line, pytest.raises(ConnectionClosed):
        line.send("x" * (1 << 20))
        while True:
            line.recv(120)


def test_paths_lead_nowhere(watched: tuple[Run, Viewer]) -> None:
    _, viewer = watched
    for path in (
        "/../server.py",
        "/..%2fserver.py",
        "/%2e%2e/%2e%2e/server.py",
        "/static/../../server.py",
        "//etc/passwd",
        "/index.html/../../server.py",
        "/..\\server.py",
        "/index.html%00.js",
        "/server.py",
    ):
        assert viewer.ask("GET", path)[0] in (400, 404), path


def test_every_answer_has_the_headers(watched: tuple[Run, Viewer]) -> None:
    _, viewer = watched
    answers = [viewer.ask("GET", path) for path in ("/", "/main.js", "/style.css", "/nothing")]
    answers.append(viewer.ask("GET", "/", Origin="http://evil.example"))
    for _, headers, _ in answers:
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert not [name for name in headers if name.startswith("access-control")]
    page = answers[0][2].decode()
    # What the policy would refuse is not there.
    assert "<style" not in page
    assert " style=" not in page
    assert "onclick" not in page
    assert "http://" not in page
    assert "https://" not in page
    body = json.dumps({"token": viewer.token()}).encode()
    sent = {"Origin": viewer.origin, "Content_Type": "application/json"}
    cookie = viewer.ask("POST", "/enter", body, **sent)[1]["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_who_may_look_may_not_change(watched: tuple[Run, Viewer]) -> None:
    _, viewer = watched
    _, cookie = viewer.enter(viewer.token(1))
    with viewer.socket(cookie) as line:
        page = Looker(line)
        page.until("status")
        for word in (
            {"do": "change", "values": {"air.snr_db": 30}},
            {"do": "stop"},
            {"do": "record", "port": "air.y", "kind": "npy"},
        ):
            assert page.ask(**word)["error"] == "this page may look, not change"
        page.say(do="open", id=1, of=["air.y"], kind="time")
        while not page.headers[-1]["panels"]:
            page.take()
        assert page.headers[-1]["right"] == "look"


def test_what_is_not_understood_is_answered(watched: tuple[Run, Viewer]) -> None:
    _, viewer = watched
    _, cookie = viewer.enter(viewer.token())
    with viewer.socket(cookie) as line:
        page = Looker(line)
        for text in ("", "{", "[]", '{"do": "eval"}', '{"do": "open", "id": "x"}', "[" * 9000):
            known = len(page.answers)
            line.send(text)
            while len(page.answers) == known:
                page.take()
            assert "not understood" in page.answers[-1]["error"]
        for number in range(100):
            page.say(do="open", id=number, of=["no.port", "air.y"] * 50, kind="time")
        page.say(do="open", id=200, of=[], kind=None)
        refusal = page.ask(do="change", values={"air.snr": 1})["error"]
        assert "did you mean" in refusal
        assert "no kind" in page.ask(do="record", port="air.y", kind="../../x")["error"]


def test_a_thousand_sockets_are_cut(watched: tuple[Run, Viewer]) -> None:
    run, viewer = watched
    before = items(run)
    lines = []
    try:
        for _ in range(1000):
            try:
                lines.append(socket.create_connection(("127.0.0.1", viewer.port), timeout=5))
            except OSError:
                break
        # The first ones may speak, and do not; they are cut as well, after a while.
        deadline = time.monotonic() + 120
        viewing = psutil.Process(viewer.process.pid)
        while any(c.status == psutil.CONN_ESTABLISHED for c in viewing.net_connections("tcp")):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        for line in lines:
            line.close()
    assert items(run) > before


def test_a_socket_that_never_reads_holds_nothing(watched: tuple[Run, Viewer]) -> None:
    run, viewer = watched
    viewing = psutil.Process(viewer.process.pid)
    lines: list[ClientConnection] = []
    closing = ExitStack()
    for _ in range(3):
        _, cookie = viewer.enter(viewer.token())
        lines.append(closing.enter_context(viewer.socket(cookie)))
        # A page that asks for everything and never says that it has drawn.
        for number, kind in enumerate(("constellation", "spectrum", "waterfall", "time")):
            lines[-1].send(json.dumps({"do": "open", "id": number, "of": ["air.y"], "kind": kind}))
    time.sleep(1)
    memory, before = viewing.memory_info().rss, items(run)
    while items(run) < before + 40000:
        time.sleep(0.05)
    assert viewing.memory_info().rss - memory < 8 << 20
    for line in lines:
        got = 0
        try:
            while True:
                got += isinstance(line.recv(0.05), bytes)
        except TimeoutError:
            pass
        assert got == 1
    closing.close()
