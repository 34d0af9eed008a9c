"""Making a database ready: whose roles are on the server, and what is said where it does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from app.base.cluster import Cluster
from app.base.errors import Unready
from app.base.prepare import prepare
from app.base.revisions import is_prepared
from app.base.settings import ROLES, Settings, read_settings
from tests.conftest import memory_folder

pytestmark = pytest.mark.database


@pytest.fixture
def other(cluster: Cluster, template: Settings, tmp_path: Path) -> Iterator[Settings]:
    """Another installation's settings: the same server, a state folder and a database of its own."""
    yield read_settings({"MINGLU_STATE": str(tmp_path)}, database_url=cluster.url("another"))
    with psycopg.connect(cluster.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS another WITH (FORCE)")
    prepare(replace(template, take_roles=True))


def databases(cluster: Cluster) -> set[str]:
    with psycopg.connect(cluster.url("postgres").replace("+psycopg", "")) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def test_a_second_installation_on_a_server_is_refused_and_the_first_goes_on(
    cluster: Cluster, template: Settings, other: Settings
):
    with pytest.raises(Unready) as refusal:
        prepare(other)
    for word in (*ROLES, "MINGLU_SECRETS", "MINGLU_TAKE_ROLES=1"):
        assert word in str(refusal.value)
    assert is_prepared(template)
    assert "another" not in databases(cluster)


def test_with_the_firsts_secrets_both_go_on(template: Settings, other: Settings):
    shared = replace(other, passwords=template.passwords)
    prepare(shared)
    assert is_prepared(shared)
    assert is_prepared(template)
    prepare(shared)


def test_the_roles_are_taken_over_where_the_operator_says_so(template: Settings, other: Settings):
    taking = read_settings(
        {"MINGLU_STATE": str(other.state), "MINGLU_TAKE_ROLES": "1"}, database_url=other.database_url
    )
    prepare(taking)
    assert is_prepared(other)
    assert not is_prepared(template)
    prepare(other)


def test_a_server_that_does_not_answer_is_named_by_its_address(tmp_path: Path):
    env = {"MINGLU_STATE": str(tmp_path), "MINGLU_DATABASE_URL": "postgresql://x:y@127.0.0.1:9/minglu"}
    with pytest.raises(Unready, match=r"127\.0\.0\.1:9 does not answer.*Check MINGLU_DATABASE_URL"):
        prepare(read_settings(env))


def test_a_role_that_may_not_prepare_is_told_who_may_and_works_once_that_is_done(tmp_path: Path):
    """Each on a server of its own: the roles belong to the whole server."""
    with Cluster.throwaway(memory_folder()) as server:
        with psycopg.connect(server.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("CREATE ROLE weak LOGIN PASSWORD 'weak'")
            connection.execute("CREATE ROLE maker LOGIN CREATEROLE CREATEDB PASSWORD 'maker'")
            connection.execute("CREATE DATABASE plain")

        def settings(who: str, database: str) -> Settings:
            url = server.url(database, who, password=who) if who else server.url(database)
            return read_settings({"MINGLU_STATE": str(tmp_path)}, database_url=url)

        for who, database, what in [
            ("weak", "plain", "permission denied to create role"),
            ("weak", "fresh", "permission denied to create database"),
            ("maker", "plain", "it does not own the database plain"),
            ("maker", "own", 'permission denied to create extension "postgis"'),
        ]:
            with pytest.raises(Unready) as refusal:
                prepare(settings(who, database))
            assert str(refusal.value).startswith(
                f"The role {who} of MINGLU_DATABASE_URL may not prepare the database: {what}. Run `minglu db prepare`"
            )
        prepare(settings("", "own"))
        assert is_prepared(settings("weak", "own"))
        prepare(settings("maker", "own"))  # where all is as it should be, nothing is altered
        with pytest.raises(Unready, match=r"not prepare the database: .*permission denied for database"):
            prepare(settings("weak", "own"))


def test_a_wrong_password_is_not_called_a_server_that_does_not_answer(cluster: Cluster, tmp_path: Path):
    url = cluster.url("plain", "nobody", password="wrong")
    with pytest.raises(Unready, match=r"does not let nobody in: .* Check name and password"):
        prepare(read_settings({"MINGLU_STATE": str(tmp_path)}, database_url=url))


def test_a_database_without_an_encoding_is_refused_with_the_remedy(
    cluster: Cluster, template: Settings, tmp_path: Path
):
    with psycopg.connect(cluster.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "CREATE DATABASE plainest ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        settings = read_settings(
            {"MINGLU_STATE": str(tmp_path), "MINGLU_SECRETS": str(template.state / "secrets.json")},
            database_url=cluster.url("plainest"),
        )
        with pytest.raises(Unready, match=r"plainest keeps its texts as SQL_ASCII.*MINGLU_DATABASE_URL.*UTF8"):
            prepare(settings)
        connection.execute("DROP DATABASE plainest")


def test_a_private_database_that_does_not_answer_names_its_folder_and_its_log(tmp_path: Path):
    private = Cluster(tmp_path / "cluster")
    private.folder.mkdir()
    (private.folder / "password").write_text("secret")
    settings = read_settings({"MINGLU_STATE": str(tmp_path)}, database_url=private.url("minglu"))
    with pytest.raises(Unready) as refusal:
        prepare(settings)
    assert str(private.folder) in str(refusal.value)
    assert str(private.log) in str(refusal.value)
    assert "MINGLU_DATABASE_URL" not in str(refusal.value)
    assert ":5432" not in str(refusal.value)
