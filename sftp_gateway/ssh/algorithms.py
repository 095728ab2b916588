"""What is spoken on a port: three dated sets of algorithms, changed only under a new date (reference 2.6, 5.1).

`strict-2026-11` is what an auditor has nothing to say about: key exchange safe from quantum computers only, an ed25519
host key, MACs of the etm kind. Only the newest clients speak it. `default-2026-11` adds curve25519, an RSA host key and
plain MACs, and with them every client that is still cared for. `legacy-2026-11` adds the NIST curve P-256, for JSch
0.1.54 and Ruby's Net::SSH. None of them knows SHA-1 signatures, DSA, finite-field Diffie-Hellman, CBC or 3DES: asyncssh
would speak them all, and cryptography has announced that it gives up finite fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from config.settings import Algorithms

HostKeyType = Literal["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"]

# How a client may prove that it holds its key, whatever the set: which keys count is the account's matter.
SIGNATURES: Final = (
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-256",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """The names of one set, as SSH spells them, the best first.

    `host_keys` are the types of our keys that a client is offered; an RSA key signs with SHA-2 whatever the set.
    """

    exchanges: tuple[str, ...]
    ciphers: tuple[str, ...]
    macs: tuple[str, ...]
    host_keys: tuple[HostKeyType, ...]


_STRICT: Final = Spoken(
    # The hybrids with sntrup761 would need liboqs, which asyncssh loads from the system (reference 2.6).
    exchanges=("mlkem768x25519-sha256",),
    ciphers=("aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"),
    # No umac: asyncssh has it only where the system has libnettle, and a set must be the same on every machine.
    macs=("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"),
    host_keys=("ssh-ed25519",),
)
_DEFAULT: Final = replace(
    _STRICT,
    exchanges=(*_STRICT.exchanges, "curve25519-sha256", "curve25519-sha256@libssh.org"),
    macs=(*_STRICT.macs, "hmac-sha2-256", "hmac-sha2-512"),  # curl with libssh2 1.10 knows neither GCM nor etm
    host_keys=(*_STRICT.host_keys, "ssh-rsa"),
)
_LEGACY: Final = replace(
    _DEFAULT,
    exchanges=(*_DEFAULT.exchanges, "ecdh-sha2-nistp256"),
    host_keys=(*_DEFAULT.host_keys, "ecdsa-sha2-nistp256"),
)
SPOKEN: Final[Mapping[Algorithms, Spoken]] = {
    "strict-2026-11": _STRICT,
    "default-2026-11": _DEFAULT,
    "legacy-2026-11": _LEGACY,
}


def options(name: Algorithms) -> Mapping[str, Any]:
    """What `asyncssh.listen` is told of the algorithms; the host keys of the same set come from `load_host_keys`."""
    spoken = SPOKEN[name]
    return {
        "kex_algs": spoken.exchanges,
        "encryption_algs": spoken.ciphers,
        "mac_algs": spoken.macs,
        "compression_algs": None,
        "signature_algs": SIGNATURES,
        # Without it asyncssh refuses a next key beside the one in use, and clients never learn of a rotation.
        "send_server_host_keys": True,
    }
