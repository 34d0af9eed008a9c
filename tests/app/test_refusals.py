"""What a person at the terminal reads where the machine or the server refuses: one sentence with the remedy."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path

import psycopg
import pytest

from app.base.cluster import Cluster, Status
from app.base.db import Database
from app.base.revisions import newest_revision, unprepared
from app.base.settings import OFFICE, PUBLIC, Settings, read_settings
from app.base.troubles import Site, trouble
from app.web.making import revision
from tests.app.pages import survey
from tests.world import World

pytestmark = pytest.mark.database
ROOT = Path(__file__).resolve().parents[2]
Minglu = Callable[..., str]

COMMANDS = [
    ("history", "verify"),
    ("history", "seal"),
    ("user", "add", "--login", "me", "--name", "我", "--role", "crew", "--place", "德州市", "--password", "0123456789"),
    ("register", "load"),
    ("demo", "load"),
    ("db", "prepare"),
    ("db", "migrate"),
    ("work",),
    ("run", "--empty"),
]


@pytest.fixture
def minglu(tmp_path: Path) -> Minglu:
    """Run a command that is to be refused; what it said, without the colour."""

    def refused(*words: str, **env: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "app", *words],
            cwd=ROOT,
            env={**os.environ, "MINGLU_STATE": str(tmp_path / "state"), **env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        return done.stderr.strip()

    return refused


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_a_server_out_of_reach_is_one_sentence_from_every_command(words: tuple[str, ...], minglu: Minglu):
    said = minglu(*words, MINGLU_DATABASE_URL="postgresql://me:secret@127.0.0.1:9/minglu")
    assert said.startswith("minglu: The database server at 127.0.0.1:9 does not answer: ")
    assert said.endswith("Check MINGLU_DATABASE_URL and that it runs.")
    assert "\n" not in said


def test_a_database_that_nobody_prepared_says_what_prepares_it(minglu: Minglu, cluster: Cluster):
    said = minglu("history", "verify", MINGLU_DATABASE_URL=cluster.url("nowhere"))
    assert "is not prepared for this installation" in said
    assert "Run `minglu db prepare`" in said


@pytest.fixture(scope="module")
def bare(cluster: Cluster, template: Settings) -> Iterator[dict[str, str]]:
    """The environment of an installation whose database is there, and empty."""
    with psycopg.connect(cluster.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE DATABASE bare")
        yield {
            "MINGLU_DATABASE_URL": cluster.url("bare"),
            "MINGLU_SECRETS": str(template.state / "secrets.json"),
        }
        connection.execute("DROP DATABASE bare WITH (FORCE)")


@pytest.mark.parametrize(
    "words", [words for words in COMMANDS if words[0] not in {"db", "run"}], ids=lambda words: " ".join(words[:2])
)
def test_an_empty_database_is_one_sentence_from_every_command(
    words: tuple[str, ...], minglu: Minglu, bare: dict[str, str]
):
    said = minglu(*words, **bare).splitlines()
    assert said[-1] == "minglu: The database bare is not prepared: run `minglu db prepare`."
    assert "Traceback" not in "".join(said)


def test_a_database_that_an_older_version_made_is_told_so_and_a_fault_of_ours_is_not(world: World):
    error = psycopg.errors.UndefinedTable("relation naming.nothing does not exist")
    assert unprepared(error, lambda: world.settings) is None
    with world.owner.begin() as connection:
        connection.exec_driver_sql("UPDATE base.alembic_version SET version_num = '2026_11_22_d_intake'")
        older = connection.exec_driver_sql("SELECT version_num FROM base.alembic_version").scalar_one()
    assert older != newest_revision()
    assert "is not prepared: run `minglu db prepare`" in str(unprepared(error, lambda: world.settings))
    assert unprepared(psycopg.errors.UniqueViolation(), lambda: world.settings) is None


FOLDERS = [
    ("walk", "{file}", "--out", "/proc/nope"),
    ("walk", "{file}", "--out", "{file}/below"),
    ("history", "seal", "--anchors", "/proc/nope"),
    ("import", "{file}", "--as", "me", "--in", "德州市", "--rejected", "/proc/nope/rows.csv"),
]


@pytest.mark.parametrize("words", FOLDERS, ids=lambda words: " ".join(words[-2:]))
def test_a_folder_that_cannot_be_made_is_told_before_any_work(
    words: tuple[str, ...], minglu: Minglu, template: Settings, tmp_path: Path
):
    file = tmp_path / "survey.geojson"
    file.write_bytes(survey())
    env = {
        "MINGLU_DATABASE_URL": template.database_url,
        "MINGLU_SECRETS": str(template.state / "secrets.json"),
    }
    said = minglu(*(word.format(file=file) for word in words), **env)
    assert "cannot be made or written to (" in said
    assert said.endswith(f"name another one with {words[-2]}.")
    assert "\n" not in said


@pytest.mark.parametrize("role", [OFFICE, PUBLIC])
def test_an_empty_database_is_not_called_out_of_reach(bare: dict[str, str], tmp_path: Path, role: str):
    database = Database(read_settings({**bare, "MINGLU_STATE": str(tmp_path)}), role=role, pool_size=1)
    try:
        assert revision(database) == "none"
    finally:
        database.close()


def test_a_run_that_is_refused_leaves_no_database_running(minglu: Minglu, tmp_path: Path):
    tmp_path.chmod(0o711)
    cluster = Cluster(tmp_path / "state" / "cluster")
    said = minglu("run", "--empty", MINGLU_OFFICE_PORT="abc")
    assert said.endswith("minglu: MINGLU_OFFICE_PORT must be a port number between 1 and 65535, not abc.")
    assert cluster.status() is Status.STOPPED
    (tmp_path / "state" / "secrets.json").write_text("{")
    assert "secrets.json is damaged" in minglu("run", "--empty")
    assert cluster.status() is Status.STOPPED


def test_serving_on_a_taken_port_names_the_setting_that_moves_it(minglu: Minglu):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = minglu(
            "serve", "office", MINGLU_OFFICE_PORT=str(port), MINGLU_DATABASE_URL="postgresql://me@127.0.0.1:9/minglu"
        )
    assert f"Port {port} for office is taken: stop the other program or set MINGLU_OFFICE_PORT to a free one." in said


def test_serving_with_a_certificate_means_secure_cookies_and_no_way_back_to_plain_pages(
    template: Settings, tmp_path: Path
):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        **os.environ,
        "MINGLU_STATE": str(tmp_path),
        "MINGLU_SECRETS": str(template.state / "secrets.json"),
        "MINGLU_DATABASE_URL": template.database_url,
        "MINGLU_OFFICE_PORT": str(port),
    }
    words = [sys.executable, "-m", "app", "serve", "office", "--tls"]
    with subprocess.Popen(words, cwd=ROOT, env=env, stderr=subprocess.DEVNULL) as served:
        try:
            headers = login_page(port, tmp_path / "tls" / "certificate.pem")
        finally:
            served.terminate()
    assert "secure" in headers["set-cookie"].lower()
    assert headers["strict-transport-security"]


def login_page(port: int, certificate: Path) -> Message:
    """The headers of the login page, once it is served."""
    for _ in range(300):
        try:
            trusting = ssl.create_default_context(cafile=certificate)
            with urllib.request.urlopen(f"https://127.0.0.1:{port}/login", context=trusting) as answer:
                return answer.headers
        except OSError:
            time.sleep(0.1)
    pytest.fail("the office never answered")


@pytest.mark.parametrize(
    "said",
    ['FATAL:  role "typo" does not exist', "fe_sendauth: no password supplied", "password authentication failed"],
)
def test_a_login_that_the_server_does_not_take_is_told_to_be_mended_not_prepared(tmp_path: Path, said: str):
    site = Site(tmp_path, "postgresql://typo@127.0.0.1:5432/minglu")
    told = str(trouble(psycopg.OperationalError(f"connection failed: {said}"), site))
    assert "does not let typo in" in told
    assert "Check name and password in MINGLU_DATABASE_URL" in told
