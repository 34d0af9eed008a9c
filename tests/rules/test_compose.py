"""What `docker-compose.yml` starts, started by hand: the same commands and environments, without containers."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote

import psycopg
import pytest
import yaml

from app.base.cluster import Cluster
from tests.conftest import memory_folder

ROOT = Path(__file__).parents[2]
READY_S = 30


@dataclass(frozen=True)
class Host:
    """This machine in the place of the containers' network, folders and `.env`."""

    folder: Path
    cluster: Cluster
    ports: dict[str, int]

    @property
    def _socket(self) -> str:
        """A throw-away server listens on its socket only."""
        return f"host={quote(str(self.cluster.socket_folder), safe='')}&port={self.cluster.port}"

    def of_host(self, text: str, service: dict[str, Any]) -> str:
        """A value of the file as it holds here."""
        known = {"POSTGRES_PASSWORD": self.cluster.admin_password}
        text = re.sub(r"\$\{(\w+)(?::[-?]([^}]*))?\}", lambda m: known.get(m[1]) or m[2] or "", text)
        share = next((v.split(":")[0].removeprefix("secrets_") for v in service["volumes"] if "/secrets:" in v), "")
        text = re.sub(r"//([^/]*@)?db:5432/minglu", lambda m: f"//{m[1] or ''}/minglu?{self._socket}", text)
        for there, here in (
            ("/secrets", str(self.folder / "secrets" / share)),
            ("/var/lib/minglu", str(self.folder / "state")),
            ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - taken out
            *((port, str(here)) for port, here in self.ports.items()),
        ):
            text = text.replace(there, here, 1)
        return str(self.folder) if text == "/tmp" else text  # noqa: S108 - the file's word for a folder of its own

    def environment(self, service: dict[str, Any]) -> dict[str, str]:
        """Nothing but what the file gives, and where programs are found."""
        given = {name: self.of_host(value, service) for name, value in service["environment"].items()}
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **given}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return read


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with Cluster.throwaway(memory_folder()) as cluster:
        with psycopg.connect(cluster.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("CREATE DATABASE minglu")
        yield Host(tmp_path_factory.mktemp("compose"), cluster, {"8000": _free_port(), "8001": _free_port()})


@pytest.fixture(scope="module")
def prepared(host: Host, services: dict[str, Any]) -> Host:
    """The parts that run once have run."""
    for share in ("all", "staff", "public"):
        (host.folder / "secrets" / share).mkdir(parents=True)
    (script,) = services["secrets"]["command"]
    script = script.replace('"/secrets', f'"{host.folder}/secrets')
    for _ in range(2):  # a second start keeps what the first made
        subprocess.run([sys.executable, "-c", script], check=True)
    done = _run(host, services["migrate"])
    assert done.returncode == 0, done.stdout + done.stderr
    return host


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _command(service: dict[str, Any]) -> list[str]:
    return [sys.executable, "-m", "app", *service["command"]]


def _run(host: Host, service: dict[str, Any], *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*(_command(service) if not more else [sys.executable, "-m", "app", *more])],
        env=host.environment(service),
        cwd=host.folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextmanager
def _started(host: Host, service: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    """A part that stays, until the block ends; it ends by itself when it is asked to."""
    said = host.folder / f"{service['command'][-1].replace('work', 'worker')}.log"
    with said.open("ab") as log:
        part = subprocess.Popen(
            _command(service), env=host.environment(service), cwd=host.folder, stdout=log, stderr=log
        )
        try:
            yield part
            assert part.poll() is None, said.read_text()
            part.send_signal(signal.SIGTERM)
            assert part.wait(30) in {0, -signal.SIGTERM}
        finally:
            part.kill()
            part.wait()


def _answers(address: str) -> str:
    """What it says once it says 200, else the last thing it said."""
    ends = time.monotonic() + READY_S
    said = "nothing"
    while time.monotonic() < ends:
        try:
            with urllib.request.urlopen(address, timeout=3) as answer:  # noqa: S310 - an address of ours
                return f"{answer.status}"
        except HTTPError as error:
            said = error.read().decode()
        except (URLError, ConnectionError) as error:
            said = str(error)
        time.sleep(0.2)
    return said


def test_each_part_gets_the_passwords_it_needs_and_no_others(prepared: Host):
    known = {
        share: set(json.loads((prepared.folder / "secrets" / share / "secrets.json").read_text()))
        for share in ("all", "staff", "public")
    }
    assert known["all"] == {"secret", "minglu_owner", "minglu_office", "minglu_public", "minglu_queue"}
    assert known["staff"] == {"secret", "minglu_office", "minglu_queue"}
    assert known["public"] == {"minglu_public"}


@pytest.mark.parametrize(("part", "port"), [("office", "8000"), ("public", "8001")])
def test_the_web_parts_get_ready_and_end_when_asked(prepared: Host, services: dict[str, Any], part: str, port: str):
    with _started(prepared, services[part]):
        for path in ("healthz", "readyz"):
            assert _answers(f"http://127.0.0.1:{prepared.ports[port]}/{path}") == "200"
        check = services[part]["healthcheck"]["test"][1:]
        asked = [prepared.of_host(word, services[part]) for word in check]
        assert subprocess.run([sys.executable, *asked[1:]], check=False).returncode == 0


def test_the_worker_stays_at_work_until_it_is_asked_to_end(prepared: Host, services: dict[str, Any]):
    with _started(prepared, services["worker"]) as part, pytest.raises(subprocess.TimeoutExpired):
        part.wait(8)
    assert "failed" not in (prepared.folder / "worker.log").read_text()


def test_a_part_without_the_owners_password_cannot_migrate(prepared: Host, services: dict[str, Any]):
    refused = _run(prepared, services["office"], "db", "migrate")
    assert refused.returncode != 0
    assert "Traceback" not in refused.stderr


def test_the_files_that_the_containers_mount_are_named_volumes(services: dict[str, Any]):
    named = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["volumes"]
    used = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert used <= set(named)


def test_the_first_account_is_made_as_the_head_of_the_file_says(prepared: Host, services: dict[str, Any]):
    head = (ROOT / "docker-compose.yml").read_text(encoding="utf-8").partition("name:")[0]
    told = re.findall(r"docker compose run --rm (\w+) (.+)", head)
    assert [words.split()[:2] for _, words in told] == [["register", "load"], ["user", "add"]]
    for part, words in told:
        typed = [*words.split(), *(["--password", "a-first-password"] if "user" in words else [])]
        done = _run(prepared, services[part], *typed)
        assert done.returncode == 0, done.stderr


def test_no_part_can_be_given_the_fixed_address_of_another() -> None:
    """Parts without an address of their own start before the proxy, and a network gives its first to the first."""
    whole = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    fixed = 0
    for service in whole["services"].values():
        networks = service.get("networks", {})
        for name, said in networks.items() if isinstance(networks, dict) else ():
            address = (said or {}).get("ipv4_address")
            if address is None:
                continue
            fixed += 1
            (config,) = whole["networks"][name]["ipam"]["config"]
            assert ip_address(address) in ip_network(config["subnet"])
            assert ip_address(address) not in ip_network(config["ip_range"])
            trusting = [each for each in whole["services"].values() if name in each.get("networks", ())]
            trusted = {each["environment"]["MINGLU_TRUSTED_PROXIES"] for each in trusting if each is not service}
            assert trusted == {address}
    assert fixed == 2


def test_who_fetches_base_map_tiles_has_a_way_out_and_the_public_part_has_none() -> None:
    whole = yaml.safe_load((ROOT / "docker-compose.yml").read_text())

    def is_closed(part: str) -> bool:
        return all((whole["networks"][name] or {}).get("internal") for name in whole["services"][part]["networks"])

    assert "MINGLU_TIANDITU_KEY" in whole["services"]["office"]["environment"]
    assert not is_closed("office")
    assert is_closed("public")
    assert is_closed("worker")
