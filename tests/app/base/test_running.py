"""The supervisor, with a real database and real child processes."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest

from app.base.cluster import Cluster, Status
from app.base.errors import Unready
from app.base.postgres import port_is_free
from app.base.running import Part, _require_ports, require_place

pytestmark = pytest.mark.database

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def folder():
    path = Path(tempfile.mkdtemp(prefix="minglu-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


CHILD = """
    import http.server, signal, sys, threading
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200); self.end_headers()
        def log_message(self, *words): pass
    server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer)
    def stop(*_):
        print("asked to stop", flush=True)
        threading.Thread(target=server.shutdown).start()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, lambda *_: print("interrupted by the terminal", flush=True))
    print("up", flush=True)
    server.serve_forever()
"""

SUPERVISOR = """
    import sys, time
    from pathlib import Path
    from app.base.cluster import Cluster
    from app.base.errors import Unready
    from app.base.running import Part, run
    folder, port, second = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split()
    parts = [
        Part("office", [sys.executable, f"{folder}/child.py", str(port)], "127.0.0.1", port, "OFFICE"),
        Part("worker", second),
    ]
    cluster = Cluster(folder / "cluster", durable=False) if sys.argv[4] == "database" else None
    def announce():
        try:
            print("all ready", flush=True)
            time.sleep(1000 if sys.argv[4] == "deaf" else 0)
        except KeyboardInterrupt:
            print("swallowed", flush=True)
    try:
        sys.exit(run(parts, state=folder, cluster=cluster, announce=announce))
    except Unready as refusal:
        sys.exit(str(refusal))
"""


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def supervise(folder, port):
    (folder / "child.py").write_text(textwrap.dedent(CHILD))
    (folder / "supervisor.py").write_text(textwrap.dedent(SUPERVISOR))
    started = []

    def start(*, second="sleep 1000", database=""):
        words = [sys.executable, str(folder / "supervisor.py"), str(folder), str(port), second, database]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            words,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=20)


def read_until(process, words):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return "".join(lines)
    pytest.fail(f"{words!r} never came: {''.join(lines)} {process.stderr.read()}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_children_then_the_cluster_and_that_is_no_failure(supervise, folder, number):
    process = supervise(database="database")
    said = read_until(process, "all ready")
    assert "office | up" in said
    assert Cluster(folder / "cluster").status() is Status.RUNNING
    os.killpg(process.pid, number)  # as a terminal does: to the whole foreground group
    rest, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert "office | asked to stop" in rest
    assert "interrupted by the terminal" not in rest
    assert Cluster(folder / "cluster").status() is Status.STOPPED


def test_a_request_to_stop_that_other_code_swallows_is_heeded_all_the_same(supervise):
    process = supervise(database="deaf")
    read_until(process, "all ready")
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert "swallowed" in rest
    assert "office | asked to stop" in rest


def test_a_second_request_does_not_break_the_stopping(supervise):
    process = supervise(second="sleep 1000")
    read_until(process, "all ready")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    rest, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert "office | asked to stop" in rest


def test_ctrl_c_pressed_again_and_again_leaves_a_stopped_database_and_no_failure(supervise, folder):
    """To the whole group each time, as a terminal does: the programs that stop the database are not in it."""
    process = supervise(database="database")
    read_until(process, "all ready")
    while process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.05)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert Cluster(folder / "cluster").status() is Status.STOPPED


def test_a_child_that_dies_is_named_and_takes_the_rest_down(supervise, port):
    process = supervise(second="false")
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "worker ended with exit code 1" in rest
    assert port_is_free(port)


def test_a_second_run_is_refused_in_one_sentence(supervise):
    first = supervise()
    read_until(first, "all ready")
    second = supervise()
    _, errors = second.communicate(timeout=20)
    assert second.returncode == 1
    assert errors == (
        f"Minglu already runs here (process {first.pid}): use it, or stop it with Ctrl-C where it runs.\n"
    )


def test_a_taken_port_names_the_setting_that_moves_it(supervise, port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        process = supervise()
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert errors == f"Port {port} for office is taken: stop the other program or set OFFICE_PORT to a free one.\n"


def test_two_parts_on_one_port_are_refused_before_either_starts():
    parts = [
        Part("office", [], "", 8000, "MINGLU_OFFICE"),
        Part("public", [], port=8000, setting="MINGLU_PUBLIC"),
    ]
    with pytest.raises(Unready) as refusal:
        _require_ports(parts)
    assert str(refusal.value) == (
        "office and public would both listen on port 8000: set MINGLU_OFFICE_PORT or MINGLU_PUBLIC_PORT to another."
    )


@pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid"])
def test_a_host_that_is_not_of_this_machine_is_named_and_not_the_port(port, host):
    with pytest.raises(Unready) as refusal:
        require_place(port, host, name="office", setting="MINGLU_OFFICE")
    assert str(refusal.value).startswith(f"{host} for office is no address of this machine: set MINGLU_OFFICE_HOST")


def test_children_die_with_a_supervisor_that_is_killed(supervise, port):
    process = supervise()
    read_until(process, "all ready")
    process.kill()
    process.wait()
    deadline = time.monotonic() + 5
    while not port_is_free(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert port_is_free(port)
