"""The certificate that phones on a local network are served with."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from app.commands import certificate as making
from app.commands.certificate import certificate, own_addresses


def names_in(chain: str) -> tuple[set[str], set[str]]:
    held = x509.load_pem_x509_certificate(Path(chain).read_bytes()).extensions
    names = held.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(names.get_values_for_type(x509.DNSName)), {str(n) for n in names.get_values_for_type(x509.IPAddress)}


def test_it_names_every_address_by_which_a_phone_may_call_the_machine(tmp_path: Path):
    chain, key = certificate(tmp_path, host="0.0.0.0")  # noqa: S104 - what the setting says
    names, addresses = names_in(chain)
    assert own_addresses() | {"127.0.0.1"} == addresses
    assert "localhost" in names
    assert Path(key).stat().st_mode & 0o777 == 0o600
    assert all(ip_address(each).version == 4 for each in own_addresses())


def test_it_is_kept_until_the_machine_is_called_by_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first = Path(certificate(tmp_path, host="127.0.0.1")[0]).read_bytes()
    assert Path(certificate(tmp_path, host="127.0.0.1")[0]).read_bytes() == first
    renamed = Path(certificate(tmp_path, host="minglu.lan")[0]).read_bytes()
    assert renamed != first
    monkeypatch.setattr(making, "own_addresses", lambda: {"127.0.0.1", "192.0.2.77"})
    moved = certificate(tmp_path, host="minglu.lan")[0]
    assert Path(moved).read_bytes() != renamed
    assert "192.0.2.77" in names_in(moved)[1]
