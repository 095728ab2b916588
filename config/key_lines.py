"""Public keys as people paste them: a line of authorized_keys, with the options that we honour and no others.

    [OPTION,OPTION...] TYPE BASE64 [COMMENT]

An option that would be ignored is a reason to refuse the line: whoever wrote `command=` counts on it.
Source: OpenSSH, sshd(8), "AUTHORIZED_KEYS FILE FORMAT"; RFC 4253, 6.6; reference 5.1 for the sizes.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

Network = IPv4Network | IPv6Network

_SHORTEST_RSA: Final = 2048
_WISHED_RSA: Final = 3072
_FIELDS: Final[Mapping[str, int]] = {  # fields of the base64 part, the type's name among them
    "ssh-ed25519": 2,
    "sk-ssh-ed25519@openssh.com": 3,
    "ecdsa-sha2-nistp256": 3,
    "ecdsa-sha2-nistp384": 3,
    "ecdsa-sha2-nistp521": 3,
    "sk-ecdsa-sha2-nistp256@openssh.com": 4,
    "ssh-rsa": 3,
}
_OPTION: Final = re.compile(r'([A-Za-z0-9-]+)(?:="((?:[^"\\]|\\.)*)")?(,| +)')
# What they take away is never given here, with or without them.
_WITHOUT_MEANING: Final = frozenset(
    {"restrict", "no-pty", "no-port-forwarding", "no-agent-forwarding", "no-x11-forwarding", "no-user-rc"}
)
# Only words that everybody knows are said back: what stands in a wrong place may be a password.
_NAMEABLE: Final = _WITHOUT_MEANING | {
    "agent-forwarding",
    "cert-authority",
    "command",
    "environment",
    "expiry-time",
    "from",
    "no-touch-required",
    "permitlisten",
    "permitopen",
    "port-forwarding",
    "principals",
    "pty",
    "revoked",
    "tunnel",
    "user-rc",
    "verify-required",
    "x11-forwarding",
}
_EXPIRY: Final = re.compile(r"(\d{8})(\d{4})?(\d{2})?Z")
_SERIAL_OR_FINGERPRINT: Final = re.compile(r"[1-9][0-9]{0,19}|SHA256:[A-Za-z0-9+/]{43}")


class KeyLineRefused(ValueError):
    """A line that we do not take; its text is the reason, to follow `line 3 of key.pub:`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """A public key and what its options say.

    `sources` and `expires` limit where and until when it counts (empty and None: everywhere, always). Only an authority
    has `principals`, one of which a certificate must name instead of the account, and `revoked`: serial numbers, and
    fingerprints of keys, whose certificates no longer count. Commas separate them in the line; `revoked` is our own.
    """

    kind: str
    blob: bytes
    comment: str
    sources: tuple[Network, ...] = ()
    expires: datetime | None = None
    principals: frozenset[str] = frozenset()
    revoked: frozenset[str] = frozenset()

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` shows it."""
        return fingerprint(self.blob)

    @property
    def is_short(self) -> bool:
        """An RSA key that is taken, though a longer one is wished."""
        return self.kind == "ssh-rsa" and _bits(self.blob) < _WISHED_RSA


def fingerprint(blob: bytes) -> str:
    """The SHA-256 fingerprint of a public key's base64 part."""
    return f"SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"


def parse_key_line(text: str, *, authority: bool = False) -> KeyLine:
    """The line as a value; `authority` where the key is to sign certificates instead of logging in itself.

    Raises: KeyLineRefused.
    """
    line = text.strip()
    if not line.isprintable():
        raise KeyLineRefused("it is not one line of text")
    options, key = _options_and_key(line)
    kind, blob, comment = _key(key)
    _refuse_unknown(options, authority=authority)
    return KeyLine(
        kind=kind,
        blob=blob,
        comment=comment,
        sources=tuple(_network(each) for each in _listed(options, "from")),
        expires=_moment(options["expiry-time"]) if "expiry-time" in options else None,
        principals=frozenset(_listed(options, "principals")),
        revoked=frozenset(_revoked(each) for each in _listed(options, "revoked")),
    )


def _options_and_key(text: str) -> tuple[dict[str, str | None], str]:
    """Options by name in small letters, and the rest of the line; a line that begins with a type has none."""
    options: dict[str, str | None] = {}
    at, more = 0, not _names_a_type(text.partition(" ")[0])
    while more:
        found = _OPTION.match(text, at)
        if found is None:
            raise KeyLineRefused("it is not a public key as OpenSSH writes it")
        name = found[1].lower()
        if name in options:
            raise KeyLineRefused("an option stands in it twice")
        options[name] = found[2]
        at, more = found.end(), found[3] == ","
    return options, text[at:]


def _names_a_type(word: str) -> bool:
    return word in _FIELDS or word.startswith(("ssh-", "ecdsa-", "sk-", "x509v3-"))


def _key(text: str) -> tuple[str, bytes, str]:
    kind, _, rest = text.partition(" ")
    if "-cert-v01@" in kind:
        raise KeyLineRefused("it is a certificate; the key of the authority that signed it is what we need")
    if kind not in _FIELDS:
        known = "keys of its type are not taken" if _names_a_type(kind) else "it is not a public key"
        raise KeyLineRefused(f"{known}; ed25519 is best")
    encoded, _, comment = rest.strip().partition(" ")
    blob = _decoded(kind, encoded)
    if kind == "ssh-rsa" and _bits(blob) < _SHORTEST_RSA:
        raise KeyLineRefused(
            f"an RSA key of {_bits(blob)} bits is too short; {_WISHED_RSA} are good, ed25519 is better"
        )
    return kind, blob, comment.strip()


def _decoded(kind: str, encoded: str) -> bytes:
    try:
        blob = base64.b64decode(encoded, validate=True)
        fields = _fields(blob)
    except (binascii.Error, ValueError):
        fields = []
    if len(fields) != _FIELDS[kind] or fields[0] != kind.encode() or not all(fields):
        raise KeyLineRefused("its key is damaged or cut off")
    return blob


def _fields(blob: bytes) -> list[bytes]:
    """The strings of a public key, each after its length of four bytes."""
    fields, at = [], 0
    while at < len(blob):
        end = at + 4 + int.from_bytes(blob[at : at + 4], "big")
        if end > len(blob):
            raise ValueError(end)
        fields.append(blob[at + 4 : end])
        at = end
    return fields


def _bits(rsa: bytes) -> int:
    return int.from_bytes(_fields(rsa)[2], "big").bit_length()


def _refuse_unknown(options: Mapping[str, str | None], *, authority: bool) -> None:
    valued = {"from", "expiry-time", *(("principals", "revoked") if authority else ())}
    plain = _WITHOUT_MEANING | ({"cert-authority"} if authority else set())
    for name, value in options.items():
        if name == "cert-authority" and not authority:
            raise KeyLineRefused("cert-authority belongs into certificate_authorities, not among the keys")
        if name not in valued | plain:
            named = f"the option {name}" if name in _NAMEABLE else "an option of it"
            raise KeyLineRefused(f"{named} is not honoured here; a line with it would promise too much")
        if (value is None) is (name in valued) or value == "":
            raise KeyLineRefused(f"the option {name} takes {'a value' if name in valued else 'no value'}")


def _listed(options: Mapping[str, str | None], name: str) -> list[str]:
    return [each.strip() for each in (options.get(name) or "").split(",") if each.strip()]


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        says = "from= takes addresses and networks such as 203.0.113.0/24; no names, patterns or exceptions"
        raise KeyLineRefused(says) from None


def _moment(text: str | None) -> datetime:
    """The moment of an `expiry-time`; without Z it would be in whichever time zone the machine has."""
    with suppress(ValueError):
        if found := _EXPIRY.fullmatch(text or ""):
            day, minutes, seconds = found.groups()
            return datetime.strptime(f"{day}{minutes or '0000'}{seconds or '00'}Z", "%Y%m%d%H%M%S%z")
    raise KeyLineRefused("expiry-time= takes a moment in UTC: YYYYMMDDZ, YYYYMMDDHHMMZ or YYYYMMDDHHMMSSZ")


def _revoked(text: str) -> str:
    if not _SERIAL_OR_FINGERPRINT.fullmatch(text):
        raise KeyLineRefused("revoked= takes serial numbers and SHA256: fingerprints of certified keys")
    return text
