"""A certificate of our own making, for phones on a local network: cameras and positions work on secure pages only."""

from __future__ import annotations

import fcntl
import ipaddress
import os
import socket
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALID_DAYS = 397
#: Linux's SIOCGIFADDR (netdevice(7)): an interface's address, by its name.
_ADDRESS_OF = 0x8915


def certificate(folder: Path, *, host: str) -> tuple[str, str]:
    """Paths of a certificate and its key in ``folder``.

    Made anew where they are missing, end within a month, or lack a name or an address that the machine has by now.
    """
    chain, key = folder / "certificate.pem", folder / "key.pem"
    if not (chain.exists() and key.exists()) or _ends_soon(chain) or _lacks(chain, _names(host)):
        _make(chain, key, host=host)
    return str(chain), str(key)


def _ends_soon(chain: Path) -> bool:
    found = x509.load_pem_x509_certificate(chain.read_bytes())
    return found.not_valid_after_utc < datetime.now(UTC) + timedelta(days=30)


def _lacks(chain: Path, names: list[x509.GeneralName]) -> bool:
    found = x509.load_pem_x509_certificate(chain.read_bytes())
    try:
        held = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return True
    return not set(names) <= set(held)


def _make(chain: Path, key: Path, *, host: str) -> None:
    chain.parent.mkdir(parents=True, exist_ok=True)
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Minglu")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(_names(host)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(
            private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))


def _names(host: str) -> list[x509.GeneralName]:
    """This machine's names and addresses, as phones may call it."""
    addresses = {"127.0.0.1", *own_addresses()} | ({host} if _is_address(host) else set())
    names = {"localhost", socket.gethostname()} | (set() if _is_address(host) else {host})
    addresses -= {"0.0.0.0", "::"}  # noqa: S104 - listening everywhere is no address to be called by
    return [
        *(x509.DNSName(name) for name in sorted(names)),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in sorted(addresses)),
    ]


def own_addresses() -> set[str]:
    """The IPv4 addresses of all interfaces: the name of the machine often stands for its loopback alone."""
    found = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(asking, _ADDRESS_OF, struct.pack("256s", name.encode()[:15]))
            except OSError:  # an interface without an address
                continue
            found.add(socket.inet_ntoa(answer[20:24]))
    return found


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
