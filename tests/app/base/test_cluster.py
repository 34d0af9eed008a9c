"""The private cluster, with real servers."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import psycopg
import pytest

from app.base import cluster as cluster_module
from app.base import postgres
from app.base.cluster import Cluster, Status
from app.base.errors import Unready

pytestmark = pytest.mark.database

ROOT = Path(__file__).resolve().parents[3]


def ask(cluster, question):
    with psycopg.connect(cluster.url("postgres").replace("+psycopg", "")) as connection:
        row = connection.execute(question).fetchone()
    assert row
    return row[0]


@pytest.fixture
def folder():
    """A place whose path an ordinary account can enter, unlike pytest's own when root runs the tests."""
    path = Path(tempfile.mkdtemp(prefix="minglu-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def heard():
    return []


@pytest.fixture
def cluster(folder, heard):
    fresh = Cluster(folder / "cluster", say=heard.append)
    fresh.folder.mkdir()
    with socket.socket() as probe:  # not the usual port: tests run side by side, and beside `make run`
        probe.bind(("127.0.0.1", 0))
        (fresh.folder / "port").write_text(str(probe.getsockname()[1]))
    yield fresh
    fresh.stop()


@pytest.fixture(scope="module")
def throwaway():
    with Cluster.throwaway() as running_cluster:
        yield running_cluster


@pytest.fixture(scope="module")
def template():
    """Made once, copied for every test that is not about making: initdb takes its second."""
    path = Path(tempfile.mkdtemp(prefix="minglu-test-"))
    path.chmod(0o711)
    Cluster(path / "cluster", durable=False).create()
    yield path / "cluster"
    shutil.rmtree(path)


@pytest.fixture
def made(template, cluster):
    subprocess.run(["cp", "-a", f"{template}/.", cluster.folder], check=True)
    return cluster


def test_a_cluster_keeps_its_rows_from_one_start_to_the_next(cluster, heard):
    assert cluster.status() is Status.ABSENT
    cluster.start()
    assert cluster.status() is Status.RUNNING
    url = cluster.url("postgres").replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE street (name text)")
        connection.execute("INSERT INTO street VALUES ('明路')")
    cluster.start()  # a running one is left as it is
    cluster.stop()
    assert cluster.status() is Status.STOPPED
    cluster.stop()  # no harm

    cluster.start()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT name FROM street").fetchone() == ("明路",)
    assert heard == []


def test_settings_that_the_rest_relies_on(made):
    made.start()
    wanted = {
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "lc_collate": "C.UTF-8",
        "listen_addresses": "127.0.0.1",
        "password_encryption": "scram-sha-256",
        "fsync": "on",
        "log_error_verbosity": "terse",
    }
    found = {name: ask(made, f"SELECT setting FROM pg_settings WHERE name = '{name}'") for name in wanted}
    assert found == wanted
    assert (made.folder / "password").stat().st_mode & 0o777 == 0o600


def test_nobody_connects_without_the_password(throwaway):
    naked = throwaway.url("postgres", "minglu_admin", password="wrong").replace("+psycopg", "")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(naked)


def test_a_taken_port_is_left_to_its_owner_and_the_next_one_is_remembered(made, heard):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        (made.folder / "port").write_text(str(taken))
        made.start()
        assert made.port != taken
        assert heard == [f"Port {taken} is taken by another program; the database listens on {made.port} from now on."]
        assert ask(made, "SELECT inet_server_port() IS NULL") is True
    remembered = made.port
    made.stop()
    made.start()
    assert made.port == remembered


def test_a_half_made_cluster_is_moved_aside_and_made_anew(cluster, heard):
    cluster.data.mkdir(parents=True)
    (cluster.data / "base").mkdir()
    assert cluster.status() is Status.HALF_MADE
    cluster.start()
    assert ask(cluster, "SELECT 1") == 1
    assert len(list(cluster.folder.glob("remains-*"))) == 1
    assert len(heard) == 1
    assert "interrupted before anything was entered" in heard[0]


def test_data_that_has_been_in_use_is_never_moved_aside(made):
    (made.data / "postmaster.opts").touch()
    (made.folder / "made").unlink()
    assert made.status() is Status.UNMARKED
    with pytest.raises(Unready, match="has been in use"):
        made.start()
    assert (made.data / "PG_VERSION").exists()


def test_a_stale_pid_file_whose_number_went_to_another_program_does_not_matter(made):
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        (made.data / "postmaster.pid").write_text(f"{sleeper.pid}\n{made.data}\n0\n54329\n")
        assert made.pid is None
        made.start()
        assert ask(made, "SELECT 1") == 1
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


def test_a_full_disk_is_said_before_anything_is_made(cluster, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    with pytest.raises(Unready, match=r"disk of .* is full \(0 MB left,"):
        cluster.create()
    assert not cluster.data.exists()


def test_a_disk_that_fills_while_we_write_is_the_same_sentence(cluster):
    with pytest.raises(Unready, match="free some space"), cluster._locked():
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("initdb: error: could not write: No space left on device", "is full"),
        ("FATAL:  could not map anonymous shared memory: Cannot allocate memory", "not enough memory"),
        ('FATAL:  lock file "postmaster.pid" already exists', "already running"),
        ("x\nFATAL:  something new\nstopped waiting", "FATAL:  something new"),
    ],
)
def test_what_postgres_says_becomes_one_sentence(folder, said, sentence):
    refusal = str(postgres.refusal(said, folder, "It failed: {line}"))
    assert sentence in refusal
    assert "\n" not in refusal


def test_a_missing_postgres_names_the_remedy(monkeypatch):
    monkeypatch.setattr(postgres, "_debian_versions", list)
    monkeypatch.setattr(postgres, "_from_pg_config", dict)
    with pytest.raises(Unready, match=r"run \.ci/install"):
        postgres.programs()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can own what the account may not enter")
def test_a_clone_under_a_folder_that_only_root_enters_works(folder, heard):
    folder.chmod(0o700)
    cluster = Cluster(folder / "cluster", say=heard.append)
    try:
        cluster.start()
        assert ask(cluster, "SELECT 1") == 1
        assert Path(f"/proc/{cluster.pid}").stat().st_uid != 0
    finally:
        cluster.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs an ordinary account to change to")
def test_an_ordinary_person_runs_it_as_herself(folder):
    account = postgres._ordinary()
    os.chown(folder, account.pw_uid, account.pw_gid)
    program = f"""
        import os, sys
        os.setgroups([]); os.setgid({account.pw_gid}); os.setuid({account.pw_uid})
        from pathlib import Path
        from app.base.cluster import Cluster
        cluster = Cluster(Path({str(folder / "cluster")!r}))
        cluster.start()
        print(os.geteuid(), Path(f"/proc/{{cluster.pid}}").stat().st_uid)
        cluster.stop()
    """
    # Our modules are loaded before the change of person: the clone itself may be out of her reach.
    early = "import app.base.cluster, app.base.postgres, encodings.idna, pwd, ctypes, datetime\n"
    done = subprocess.run(
        [sys.executable, "-c", early + textwrap.dedent(program)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == [str(account.pw_uid)] * 2, done.stderr


def test_a_path_too_long_for_a_socket_gets_a_short_one(folder):
    deep = Cluster(folder / ("深" * 40) / "cluster")
    assert len(os.fsencode(deep.socket_folder)) < 60
    try:
        deep.start()
        assert ask(deep, "SELECT 1") == 1
        assert deep.socket_folder.stat().st_mode & 0o777 == 0o700
    finally:
        deep.stop()
    assert not deep.socket_folder.exists()


def test_a_socket_folder_laid_out_by_somebody_else_is_refused(folder):
    (folder / "socket").mkdir(mode=0o755)
    with pytest.raises(Unready, match=r"only .* can enter"):
        postgres.make_socket_folder(folder / "socket", None)


def test_what_a_crashed_test_run_left_behind_is_removed_by_the_next(throwaway):
    program = "import os; from app.base.cluster import Cluster\n"
    program += "with Cluster.throwaway() as c: print(c.folder, c.pid, flush=True); os._exit(9)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    left, pid = done.stdout.split()
    assert Path(left).exists()
    cluster_module._remove_orphans()
    assert not Path(left).exists()
    assert not Path(f"/proc/{pid}/cwd").exists()  # gone, or dead and not yet buried
    assert throwaway.folder.exists()


def test_a_durable_cluster_is_never_deleted(made):
    with pytest.raises(Unready, match="real database"):
        made.remove()
    assert made.data.exists()


def test_a_lost_password_names_its_file_and_the_remedy(made):
    (made.folder / "password").unlink()
    with pytest.raises(Unready) as refusal:
        made.url("minglu")
    for word in (str(made.folder / "password"), "is missing", "restore it from your backup"):
        assert word in str(refusal.value)


def test_a_truncated_control_file_is_said_with_the_remedy(made):
    os.truncate(made.data / "global/pg_control", 20)
    with pytest.raises(Unready, match="database is damaged") as refusal:
        made.start()
    assert f"Restore {made.folder} from your backup" in str(refusal.value)


@pytest.mark.parametrize("part", ["PG_VERSION", "base", "global/pg_control"])
def test_data_of_which_a_part_is_missing_is_said_with_the_remedy(made, part):
    missing = made.data / part
    missing.rename(made.folder / "elsewhere")
    with pytest.raises(Unready) as refusal:
        made.start()
    for word in (f"{missing} is missing", f"Restore {made.folder} from your backup", str(made.log)):
        assert word in str(refusal.value)
    assert "MINGLU_DATABASE_URL" not in str(refusal.value)
    (made.folder / "elsewhere").rename(missing)
    made.start()
    assert made.status() is Status.RUNNING
