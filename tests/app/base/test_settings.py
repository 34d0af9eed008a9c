"""Settings that cannot be used are refused with the remedy, and never quote a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.base.errors import Unready
from app.base.settings import OFFICE, read_settings


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:xyzz@host:abc/minglu",
        "postgresql://me:xyzz@[host/minglu",
        "postgresql://me:xyzz@host:99999/minglu",
        "postgresql://me:xy#zz@host/minglu",
        "postgresql://me:xy/zz@host/minglu",
        "postgresql://me:xy@zz@host/minglu",
    ],
)
def test_an_address_that_cannot_be_read_says_how_to_write_it_and_quotes_no_password(url: str, tmp_path: Path):
    with pytest.raises(Unready, match=r"write postgresql://name:password@host:5432/database") as refusal:
        read_settings({"MINGLU_STATE": str(tmp_path)}, database_url=url)
    assert "xy" not in str(refusal.value)


@pytest.mark.parametrize("url", ["postgresql://me@host", "postgresql://me@host/"])
def test_an_address_without_a_database_means_the_same_one_for_every_role(url: str, tmp_path: Path):
    settings = read_settings({"MINGLU_STATE": str(tmp_path)}, database_url=url)
    assert settings.database_url == "postgresql+psycopg://me@host/minglu"
    assert settings.url_of(OFFICE).endswith("@host/minglu")


@pytest.mark.parametrize("held", ["[1,2]", '{"secret": "zz"}', '{"secret": ""}', '{"secret": 5}', "{", "", "\ufffd"])
def test_a_damaged_secrets_file_is_refused_with_the_remedy(held: str, tmp_path: Path):
    (tmp_path / "secrets.json").write_text(held)
    with pytest.raises(Unready, match=r"secrets\.json is damaged: restore it from your backup.*MINGLU_TAKE_ROLES=1"):
        read_settings({"MINGLU_STATE": str(tmp_path)}, database_url="postgresql://host/minglu")
    assert (tmp_path / "secrets.json").read_text() == held


def test_secrets_are_made_once_and_read_again(tmp_path: Path):
    env = {"MINGLU_STATE": str(tmp_path)}
    first = read_settings(env, database_url="postgresql://host/minglu")
    assert read_settings(env, database_url="postgresql://host/minglu") == first
    assert json.loads((tmp_path / "secrets.json").read_text())["secret"] == first.secret.hex()


SOMEWHERE = "postgresql://me@host/minglu"


@pytest.mark.parametrize("words", ["foo bar", "10.0.0.2 192.168.1.1", "10.0.0.2,proxy", "10.0.0.300"])
def test_proxies_that_are_no_addresses_are_named_at_the_start(words: str, tmp_path: Path):
    with pytest.raises(Unready, match="which is no address"):
        read_settings({"MINGLU_STATE": str(tmp_path), "MINGLU_TRUSTED_PROXIES": words}, database_url=SOMEWHERE)


def test_proxies_are_addresses_and_networks_parted_by_commas(tmp_path: Path):
    words = "10.0.0.2, 192.168.1.0/24,::1,"
    env = {"MINGLU_STATE": str(tmp_path), "MINGLU_TRUSTED_PROXIES": words}
    assert read_settings(env, database_url=SOMEWHERE).trusted_proxies == words
