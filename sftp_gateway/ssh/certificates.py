"""User certificates: whether one lets an account in (OpenSSH, PROTOCOL.certkeys).

asyncssh asks its server only about the authority that signed. By itself it lets a certificate without principals in
under every name, takes `force-command` without effect, and knows no revocation, so all of it is decided here.
"""

from collections.abc import Callable
from typing import Final, Protocol, runtime_checkable

import asyncssh
from asyncssh.public_key import CERT_TYPE_USER, SSHOpenSSHCertificate

from config.key_lines import KeyLine, KeyLineRefused, Network, parse_key_line

IsWithin = Callable[[tuple[Network, ...]], bool]

_SHA1: Final = b"ssh-rsa"


@runtime_checkable
class JudgesCertificates(Protocol):
    """A server that is asked about a certificate as a whole."""

    async def validate_certificate(self, username: str, certificate: SSHOpenSSHCertificate) -> bool:
        """Whether the certificate lets somebody in under this name; asyncssh then checks the signature."""


class TakesCertificates(asyncssh.SSHServerConnection):
    """A connection that asks its server about each certificate as a whole.

    Where the library no longer calls the method below, its own `validate_ca_key` lets nobody in; a test holds it.
    """

    async def _validate_openssh_certificate(self, username: str, cert: SSHOpenSSHCertificate) -> asyncssh.SSHKey | None:
        server = self.get_owner()
        if not isinstance(server, JudgesCertificates) or not await server.validate_certificate(username, cert):
            return None
        cert.key.set_touch_required(True)
        return cert.key


def vouches(authority: KeyLine, certificate: SSHOpenSSHCertificate, name: str, is_within: IsWithin) -> bool:
    """Whether this authority signed the certificate for this name, and it counts now and from there.

    `is_within` answers whether the client is in one of the networks.
    """
    return (
        certificate.signing_key.public_data == authority.blob
        and not _is_signed_by_sha1(certificate)
        and _is_valid_now(certificate)
        and bool({*(authority.principals or {name})}.intersection(certificate.principals))
        and "force-command" not in certificate.options
        and _may_come_from_there(certificate, is_within)
        and not authority.revoked.intersection({str(serial(certificate)), certificate.key.get_fingerprint()})
        and _is_key_that_we_take(certificate.key)
    )


def serial(certificate: SSHOpenSSHCertificate) -> int:
    """The number that the authority gave it; 0 where it counts none."""
    return int(certificate._serial)  # noqa: SLF001 - the library has no other door to it; a test holds it


def _is_valid_now(certificate: SSHOpenSSHCertificate) -> bool:
    try:
        certificate.validate(CERT_TYPE_USER, None)
    except ValueError:
        return False
    return True


def _may_come_from_there(certificate: SSHOpenSSHCertificate, is_within: IsWithin) -> bool:
    networks = certificate.options.get("source-address")
    return networks is None or (isinstance(networks, list) and is_within(tuple(networks)))


def _is_signed_by_sha1(certificate: SSHOpenSSHCertificate) -> bool:
    """The signature is the last field, behind the authority's key; its algorithm is the signature's first field."""
    signed = certificate.signing_key.public_data
    signature = certificate.public_data.rpartition(len(signed).to_bytes(4, "big") + signed)[2]
    return signature[4:].startswith(len(_SHA1).to_bytes(4, "big") + _SHA1)


def _is_key_that_we_take(key: asyncssh.SSHKey) -> bool:
    try:
        parse_key_line(key.export_public_key().decode().strip())
    except KeyLineRefused:
        return False
    return True
