import subprocess
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from config.home import Home
from config.loading import load_account
from tests.rosterdrop.command_line import in_a_process, rosterdrop

ADD = ("account", "add", "acme-sis", "--district", "springfield")
PASSWORD = "correct horse battery"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    asyncssh = pytest.importorskip("asyncssh")
    made = asyncssh.generate_private_key("ssh-ed25519", comment="ana@example.test")
    (tmp_path / "id").write_bytes(made.export_private_key())
    (tmp_path / "id.pub").write_bytes(made.export_public_key())
    return tmp_path / "id.pub"


def test_a_vendor_logs_in_by_a_password_that_nobody_sees(springfield: Path) -> None:
    answer = in_a_process(*ADD, "--preset", "vendor", "--password-stdin", home=springfield, stdin=f"{PASSWORD}\r\n")
    account = load_account(Home(springfield), "acme-sis")
    assert answer.code == 0
    assert PASSWORD not in answer.out + answer.err + (springfield / "accounts.toml").read_text()
    assert account.rights == {"upload", "summaries"}
    assert (account.layout, account.districts) == ("single", ("springfield",))
    assert PasswordHasher().verify(account.password_hash or "", PASSWORD)


def test_a_generated_password_is_printed_once(springfield: Path) -> None:
    answer = rosterdrop("--json", *ADD, "--preset", "district", "--generate-password", home=springfield)
    password = answer.document["generated_password"]
    assert len(password) >= 20
    assert answer.out.count(password) == 1
    assert PasswordHasher().verify(load_account(Home(springfield), "acme-sis").password_hash or "", password)
    assert password not in rosterdrop("--json", "account", "list", home=springfield).out


def test_an_account_tells_programs_what_it_is(springfield: Path, key: Path) -> None:
    answer = rosterdrop("--json", *ADD, "--right", "upload", "--key", key, home=springfield)
    printed = subprocess.run(["ssh-keygen", "-lf", key], capture_output=True, text=True, check=False).stdout
    document = answer.document
    assert printed == "" or document["keys"][0] in printed
    assert document | {"keys": []} == {
        "account": "acme-sis",
        "districts": ["springfield"],
        "layout": "single",
        "rights": ["upload"],
        "password": False,
        "keys": [],
        "authorities": [],
        "limits": {},
        "allow_from": [],
        "enabled": True,
    }


def test_an_account_of_several_districts_sees_a_folder_for_each(springfield: Path) -> None:
    add = ("district", "add", "shelby", "--name", "Shelby", "--time-zone", "UTC", "--school", "auto")
    assert rosterdrop(*add, home=springfield).code == 0
    more = ("--district", "shelby", "--preset", "vendor", "--generate-password")
    assert rosterdrop("--json", *ADD, *more, home=springfield).document["layout"] == "many"
    answer = rosterdrop("account", "add", "b", *ADD[3:], *more, "--layout", "single", home=springfield)
    assert (answer.code, "use --layout many" in answer.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((*ADD, "--preset", "vendor"), 2, "needs --password-stdin, --generate-password, --key or --authority"),
        ((*ADD, "--preset", "vendor", "--password-stdin"), 2, "no password on standard input"),
        ((*ADD, "--generate-password"), 2, "needs --preset vendor, --preset district, or a --right"),
        ((*ADD, "--preset", "vendor", "--password-stdin", "--generate-password"), 2, "not both"),
        ((*ADD, "--preset", "vendors", "--generate-password"), 2, "'vendors' is not one of"),
        (("account", "add", "Acme", *ADD[3:], "--preset", "vendor", "--generate-password"), 2, "an account's id"),
        ((*ADD[:-1], "sprngfield", "--preset", "vendor", "--generate-password"), 5, "did you mean springfield?"),
    ],
)
def test_an_account_that_cannot_be_is_not_written(
    springfield: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    before = (springfield / "accounts.toml").read_text()
    answer = rosterdrop(*arguments, home=springfield)
    assert (answer.code, len(answer.err.splitlines())) == (code, 1)
    assert says in answer.err
    assert (springfield / "accounts.toml").read_text() == before


def test_a_private_key_is_not_taken(springfield: Path, key: Path) -> None:
    answer = rosterdrop(*ADD, "--preset", "vendor", "--key", key.with_suffix(""), home=springfield)
    assert (answer.code, "give its public half" in answer.err) == (2, True)


def test_accounts_are_added_once(springfield: Path) -> None:
    arguments = (*ADD, "--preset", "vendor", "--generate-password")
    assert [rosterdrop(*arguments, home=springfield).code for _ in range(2)] == [0, 2]


def test_an_account_changes(springfield: Path, key: Path) -> None:
    rosterdrop(*ADD, "--preset", "vendor", "--generate-password", home=springfield)
    changed = rosterdrop("account", "password", "acme-sis", "--password-stdin", home=springfield, stdin=PASSWORD)
    assert (changed.code, PASSWORD in changed.out + changed.err) == (0, False)
    (fingerprint,) = rosterdrop("--json", "account", "key", "acme-sis", "--key", key, home=springfield).document["keys"]
    assert fingerprint in rosterdrop("account", "key", "acme-sis", home=springfield).out
    assert "ana@example.test" in rosterdrop("account", "key", "acme-sis", home=springfield).out
    removed = rosterdrop("--json", "account", "key", "acme-sis", "--remove", fingerprint, home=springfield)
    assert removed.document["keys"] == []
    again = rosterdrop("account", "key", "acme-sis", "--remove", fingerprint, home=springfield)
    assert (again.code, "has no key with the fingerprint" in again.err) == (2, True)
    assert PasswordHasher().verify(load_account(Home(springfield), "acme-sis").password_hash or "", PASSWORD)


def test_an_account_is_disabled_and_let_in_again(springfield: Path) -> None:
    rosterdrop(*ADD, "--preset", "vendor", "--generate-password", home=springfield)
    assert rosterdrop("account", "disable", "acme-sis", home=springfield).code == 0
    assert not load_account(Home(springfield), "acme-sis").enabled
    assert rosterdrop("account", "disable", "acme-sis", "--undo", home=springfield).code == 0
    assert load_account(Home(springfield), "acme-sis").enabled
    unknown = rosterdrop("account", "disable", "acme-sys", home=springfield)
    assert (unknown.code, "did you mean acme-sis" in unknown.err) == (5, True)


def test_a_short_password_is_taken_and_said_to_be_short(springfield: Path) -> None:
    added = rosterdrop(*ADD, "--preset", "vendor", "--password-stdin", home=springfield, stdin="short\n")
    changed = rosterdrop("account", "password", "acme-sis", "--password-stdin", home=springfield, stdin="shorter\n")
    assert (added.code, changed.code) == (0, 0)
    assert "The password is short" in added.err
    assert "The password is short" in changed.err


def test_networks_and_authorities_are_given_and_taken(springfield: Path, key: Path) -> None:
    more = ("--authority", key, "--allow-from", "203.0.113.0/24")
    assert rosterdrop(*ADD, "--preset", "vendor", *more, home=springfield).code == 0
    account = load_account(Home(springfield), "acme-sis")
    assert (account.certificate_authorities, account.allow_from) == ((key.read_text().strip(),), ("203.0.113.0/24",))
    (listed,) = rosterdrop("--json", "account", "list", home=springfield).document["accounts"]
    assert (listed["keys"], listed["allow_from"]) == ([], ["203.0.113.0/24"])
    (fingerprint,) = listed["authorities"]
    assert "1 authority" in rosterdrop("account", "list", home=springfield).out

    move = ("--allow-everywhere", "--allow-from", "198.51.100.7", "--remove", fingerprint, "--key", key)
    moved = rosterdrop("--json", "account", "key", "acme-sis", *move, home=springfield).document
    assert (moved["authorities"], moved["keys"], moved["allow_from"]) == ([], [fingerprint], ["198.51.100.7/32"])
    assert "Logs in from: 198.51.100.7/32" in rosterdrop("account", "key", "acme-sis", home=springfield).out


def test_the_options_of_a_key_are_shown(springfield: Path, key: Path) -> None:
    key.write_text(f'from="198.51.100.0/24",expiry-time="20270101Z" {key.read_text()}')
    added = rosterdrop("--json", *ADD, "--preset", "vendor", "--key", key, home=springfield).document
    assert added["limits"] == {
        added["keys"][0]: {
            "from": ["198.51.100.0/24"],
            "until": "2027-01-01T00:00:00+00:00",
            "principals": [],
            "revoked": [],
        }
    }
    shown = rosterdrop("account", "key", "acme-sis", home=springfield).out
    assert "from 198.51.100.0/24; until 2027-01-01" in shown


@pytest.mark.parametrize(
    ("option", "text", "says"),
    [
        ("--key", 'command="x" {}', "line 1 of {} is not taken: the option command is not honoured here"),
        ("--authority", "hello world", "line 1 of {} is not taken: it is not a public key"),
        ("--allow-from", "203.0.113.7/24", "give an address or a network such as 203.0.113.0/24"),
    ],
)
def test_what_would_promise_too_much_is_not_taken(
    springfield: Path, key: Path, option: str, text: str, says: str
) -> None:
    key.write_text(text.format(key.read_text()))
    value = text if option == "--allow-from" else key
    answer = rosterdrop(*ADD, "--preset", "vendor", "--generate-password", option, value, home=springfield)
    assert (answer.code, says.format(key) in answer.err) == (2, True), answer.err


def test_help_says_how_an_account_is_let_in_again() -> None:
    for help_of in (("account",), ("account", "disable")):
        assert "rosterdrop --home home account disable acme-sis --undo" in rosterdrop(*help_of, "--help").out


def test_the_list_of_commands_says_what_access_shows() -> None:
    listed = " ".join(rosterdrop("account", "--help").out.split())
    assert "access Show the log of who read or wrote which file, and when." in listed
