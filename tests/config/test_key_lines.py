"""Public keys as people paste them (sshd(8), "AUTHORIZED_KEYS FILE FORMAT"); asyncssh's own parser is the model."""

import base64
from datetime import UTC, datetime
from ipaddress import ip_network

import asyncssh
import pytest

from config.documents import mistakes_in
from config.key_lines import KeyLineRefused, parse_key_line

KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
ED25519 = asyncssh.generate_private_key("ssh-ed25519", comment="acme night job").export_public_key().decode().strip()


def _rsa(bits: int) -> str:
    """A line with a modulus of so many bits: nobody holds its private half, and none is needed."""
    number = b"\x00" + (1 << (bits - 1)).to_bytes(bits // 8, "big")
    blob = b"".join(len(field).to_bytes(4, "big") + field for field in (b"ssh-rsa", b"\x01\x00\x01", number))
    return f"ssh-rsa {base64.b64encode(blob).decode()} old"


def _why_refused(line: str, *, authority: bool = False) -> str:
    with pytest.raises(KeyLineRefused) as refused:
        parse_key_line(line, authority=authority)
    return str(refused.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_read_as_asyncssh_reads_it(kind: str) -> None:
    key = asyncssh.generate_private_key(kind)
    line = parse_key_line(key.export_public_key().decode().strip())
    assert (line.kind, line.blob, line.fingerprint) == (kind, key.public_data, key.get_fingerprint())


def test_hardware_keys_are_taken() -> None:
    blob = b"".join(
        len(field).to_bytes(4, "big") + field for field in (b"sk-ssh-ed25519@openssh.com", b"k" * 32, b"ssh:")
    )
    line = f"sk-ssh-ed25519@openssh.com {base64.b64encode(blob).decode()}"
    assert parse_key_line(line).blob == asyncssh.import_public_key(line).public_data


def test_options_that_are_honoured_are_read() -> None:
    line = parse_key_line(f'from="203.0.113.0/24,2001:db8::1",Restrict,expiry-time="202701312359Z" {ED25519}')
    assert line.sources == (ip_network("203.0.113.0/24"), ip_network("2001:db8::1"))
    assert line.expires == datetime(2027, 1, 31, 23, 59, tzinfo=UTC)
    assert line.comment == "acme night job"


def test_an_authority_has_principals_and_what_it_revoked() -> None:
    fingerprint = parse_key_line(ED25519).fingerprint
    line = parse_key_line(f'cert-authority,principals="sis, ops",revoked="7,{fingerprint}" {ED25519}', authority=True)
    assert line.principals == {"sis", "ops"}
    assert line.revoked == {"7", fingerprint}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ('command="internal-sftp"', "the option command is not honoured here"),
        ('permitopen="a:1"', "the option permitopen is not honoured"),
        ("no-touch-required", "not honoured"),
        ('environment="A=b"', "not honoured"),
        ("hunter2", "an option of it is not honoured"),
        ("cert-authority", "belongs into certificate_authorities"),
        ('principals="a"', "the option principals is not honoured"),
        ('from="*.example.org"', "no names, patterns or exceptions"),
        ('from="!203.0.113.7"', "no names, patterns or exceptions"),
        ('from=""', "the option from takes a value"),
        ("from", "the option from takes a value"),
        ('restrict="yes"', "the option restrict takes no value"),
        ("restrict,restrict", "stands in it twice"),
        ('expiry-time="20270131"', "in UTC"),
        ('expiry-time="20271331Z"', "in UTC"),
        ('from="203.0.113.7', "not a public key as OpenSSH writes it"),
    ],
)
def test_an_option_that_would_promise_too_much_is_refused(options: str, reason: str) -> None:
    assert reason in _why_refused(f"{options} {ED25519}")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "not a public key"),
        ("hello world", "not a public key"),
        (f"{ED25519[:60]} name", "damaged or cut off"),
        ("ssh-ed25519", "damaged or cut off"),
        (ED25519.replace("ssh-ed25519", "ecdsa-sha2-nistp256"), "damaged or cut off"),
        (f"{ED25519}\nssh-ed25519 AAAA", "not one line"),
        ("ssh-dss AAAAB3NzaC1kc3M= old", "keys of its type are not taken"),
        ("ssh-ed25519-cert-v01@openssh.com AAAA", "it is a certificate"),
        (_rsa(1024), "an RSA key of 1024 bits is too short"),
    ],
    ids=range(9),  # the keys are made anew by each process that collects the tests
)
def test_what_is_no_key_that_we_take_is_refused_with_the_reason(line: str, reason: str) -> None:
    assert reason in _why_refused(line)


def test_a_short_rsa_key_is_taken_and_a_longer_one_is_wished() -> None:
    assert parse_key_line(_rsa(2048)).is_short
    assert not parse_key_line(_rsa(3072)).is_short
    assert not parse_key_line(ED25519).is_short


def test_a_file_with_a_line_that_is_not_honoured_says_why_and_shows_no_key() -> None:
    account = {"districts": ["a"], "rights": [], "public_keys": [f'command="x" {ED25519}']}
    (mistake,) = mistakes_in({"accounts": {"acme": account}}, "accounts", "accounts.toml")
    assert "accounts.acme.public_keys: the value cannot be used here: the option command is not" in str(mistake)
    assert ED25519.split()[1] not in str(mistake)


def test_only_an_authority_may_have_principals() -> None:
    account = {"districts": ["a"], "rights": [], "certificate_authorities": [f'principals="sis" {ED25519}']}
    assert mistakes_in({"accounts": {"acme": account}}, "accounts", "accounts.toml") == ()
