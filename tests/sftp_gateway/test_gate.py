"""The gate's rules and its book: who is let in, who makes room, what failed logins cost (reference 1.2, 5.1, 6)."""

import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from config.settings import Limits
from sftp_gateway.admission.gate import Gate, Visit
from sftp_gateway.admission.penalties import ENFORCED_FROM_S, Penalty, is_under_attack, weight_s
from sftp_gateway.admission.sources import source_of, who_makes_room
from sftp_gateway.admission.visitors import Admitted, Visitors
from sftp_gateway.statuses import BANNED, TOO_MANY_CONNECTIONS, TOO_QUICK
from tests.sftp_gateway.harness import story

NOW_S = 1_800_000_000.0
LIMITS = Limits()


@dataclass(frozen=True)
class Guest:
    source: str
    since_s: float = 0.0
    has_spoken: bool = False


def _book(root: Path, process: int = 0, **limits: int) -> Visitors:
    return Visitors(root / "gateway.db", replace(LIMITS, **limits), process)


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_a_source_is_an_ipv4_address_or_the_net_of_an_ipv6_host(address: str, source: str) -> None:
    assert source_of(address) == source


def test_the_one_that_makes_room_is_silent_of_the_greediest_source_and_old() -> None:
    lone, first, second = Guest("a", 1.0), Guest("b", 2.0), Guest("b", 3.0)
    busy = Guest("c", 0.0, has_spoken=True)
    assert who_makes_room([busy, lone, second, first], 4.0) == first
    assert who_makes_room([busy, lone], 4.0) == lone
    assert who_makes_room([busy], 4.0) is None
    assert who_makes_room([busy], 60.0) == busy


def test_penalties_add_up_until_they_ban_and_run_off() -> None:
    penalty = Penalty().grown(5, NOW_S, 600).grown(5, NOW_S, 600)
    assert not penalty.bans(NOW_S, 600)
    banned = penalty.grown(5, NOW_S, 600)
    assert banned.left_s(NOW_S, 600) == ENFORCED_FROM_S
    assert banned.bans(NOW_S + 14, 600)
    assert not banned.bans(NOW_S + 15, 600)
    assert not banned.grown(5, NOW_S + 60, 600).bans(NOW_S + 60, 600)


def test_no_penalty_is_longer_than_the_longest_ban() -> None:
    assert Penalty().grown(10_000, NOW_S, 600).left_s(NOW_S, 600) == 600
    assert Penalty(until_s=NOW_S + 10**9, enforced=True).left_s(NOW_S, 600) == 600  # the clock was set back
    assert not Penalty().grown(10_000, NOW_S, 0).bans(NOW_S, 0)


def test_six_tries_of_a_stubborn_client_cost_half_a_minute() -> None:
    assert weight_s(wrong_passwords=6, wrong_keys=False, late=False) == 30
    assert weight_s(wrong_passwords=0, wrong_keys=True, late=False) == 5
    assert weight_s(wrong_passwords=0, wrong_keys=False, late=True) == 10
    assert weight_s(wrong_passwords=0, wrong_keys=False, late=False) == 1


def test_one_source_alone_is_no_attack_on_an_account() -> None:
    assert not is_under_attack(1000, 1)
    assert not is_under_attack(5, 5)
    assert is_under_attack(30, 3)


def test_processes_share_their_counts_and_a_dead_one_leaves_none(tmp_path: Path) -> None:
    one, two = _book(tmp_path, 0, connections_per_source=3), _book(tmp_path, 1, connections_per_source=3)
    for book in (one, two, two):
        assert isinstance(book.come("192.0.2.7", NOW_S), Admitted)
    assert one.come("192.0.2.7", NOW_S) == TOO_MANY_CONNECTIONS
    assert isinstance(one.come("192.0.2.8", NOW_S), Admitted)
    one.forget(process=1)
    assert isinstance(one.come("192.0.2.7", NOW_S), Admitted)
    one.close()
    two.close()


def test_many_that_wait_crowd_the_gate_and_logins_relieve_it(tmp_path: Path) -> None:
    book = _book(tmp_path, logins_at_once=2)
    first, second, third = (book.come(f"192.0.2.{host}", NOW_S) for host in range(3))
    assert isinstance(first, Admitted)
    assert isinstance(second, Admitted)
    assert isinstance(third, Admitted)
    assert (first.crowded, second.crowded, third.crowded) == (False, False, True)
    assert book.log_in(first.visitor, "acme", "192.0.2.0", NOW_S)
    book.leave(second.visitor)
    assert book.come("192.0.2.9", NOW_S) == Admitted(visitor=4, crowded=False)
    book.close()


def test_new_connections_of_a_source_are_counted_by_the_second(tmp_path: Path) -> None:
    book = _book(tmp_path, new_per_second=3, connections_per_source=100)
    answers = [book.come("192.0.2.7", NOW_S) for _ in range(4)]
    assert [answer == TOO_QUICK for answer in answers] == [False, False, False, True]
    assert isinstance(book.come("192.0.2.7", NOW_S + 1), Admitted)
    book.close()


def test_an_account_has_so_many_connections_wherever_they_come_from(tmp_path: Path) -> None:
    one, two = _book(tmp_path, 0, connections_per_account=2), _book(tmp_path, 1, connections_per_account=2)
    for book, expected in ((one, True), (two, True), (one, False)):
        admitted = book.come("192.0.2.7", NOW_S)
        assert isinstance(admitted, Admitted)
        assert book.log_in(admitted.visitor, "acme", "192.0.2.7", NOW_S) is expected
    one.close()
    two.close()


def test_a_ban_holds_in_every_process_and_after_a_restart(tmp_path: Path) -> None:
    one, two = _book(tmp_path, 0), _book(tmp_path, 1)
    assert [one.penalise("192.0.2.7", 5, NOW_S) for _ in range(3)] == [0, 0, 15]
    assert two.come("192.0.2.7", NOW_S + 1) == BANNED
    assert isinstance(two.come("192.0.2.8", NOW_S + 1), Admitted)
    one.close()
    two.close()
    again = _book(tmp_path, 0)
    assert again.come("192.0.2.7", NOW_S + 14) == BANNED
    assert isinstance(again.come("192.0.2.7", NOW_S + 16), Admitted)
    again.close()


def test_an_attack_on_an_account_stops_passwords_only_from_where_it_never_came(tmp_path: Path) -> None:
    book = _book(tmp_path)
    admitted = book.come("192.0.2.7", NOW_S)
    assert isinstance(admitted, Admitted)
    assert book.log_in(admitted.visitor, "acme", "192.0.2.7", NOW_S)
    for attempt in range(30):
        book.note_wrong_password("acme", f"198.51.100.{attempt}", NOW_S)
    assert not book.takes_password("acme", "203.0.113.1", NOW_S)
    assert book.takes_password("acme", "192.0.2.7", NOW_S)
    assert book.takes_password("office", "203.0.113.1", NOW_S)
    assert book.takes_password("acme", "203.0.113.1", NOW_S + 601)
    book.close()


def test_a_commit_that_fails_does_not_keep_the_book_from_its_next_entry(tmp_path: Path) -> None:
    book = _book(tmp_path)

    def refuses(action: int, what: str | None, *_: object) -> int:
        return sqlite3.SQLITE_DENY if (action, what) == (sqlite3.SQLITE_TRANSACTION, "COMMIT") else sqlite3.SQLITE_OK

    book._db.conn.set_authorizer(refuses)
    with pytest.raises(sqlite3.DatabaseError):
        book.come("192.0.2.7", NOW_S)
    book._db.conn.set_authorizer(None)
    assert isinstance(book.come("192.0.2.7", NOW_S), Admitted)
    book.close()


def test_where_the_book_cannot_be_written_clients_are_let_in(tmp_path: Path) -> None:
    """A full disk must not keep out a vendor, who could read nowhere else what is wrong."""

    async def visit() -> None:
        gate = Gate(tmp_path / "gateway.db", LIMITS)
        assert isinstance(await gate.come("192.0.2.7"), Visit)
        gate._book.close()
        visit = await gate.come("192.0.2.7")
        assert isinstance(visit, Visit)
        assert await gate.log_in(visit, "acme")
        assert await gate.takes_password(visit, "acme")
        gate.leave(visit)
        gate.close()

    story(visit())


def test_a_process_that_starts_leaves_nobody_of_the_one_before_it(tmp_path: Path) -> None:
    async def visit() -> None:
        limits = replace(LIMITS, connections_per_source=1)
        lead, other = Gate(tmp_path / "gateway.db", limits, 0), Gate(tmp_path / "gateway.db", limits, 1)
        assert isinstance(await lead.come("192.0.2.7"), Visit)
        assert isinstance(await other.come("192.0.2.8"), Visit)
        again = Gate(tmp_path / "gateway.db", limits, 1)
        assert isinstance(await again.come("192.0.2.8"), Visit)
        assert await again.come("192.0.2.7") == TOO_MANY_CONNECTIONS
        for gate in (lead, other, again):
            gate.close()

    story(visit())


def test_what_counts_no_more_is_forgotten_and_names_are_never_kept(tmp_path: Path) -> None:
    book = _book(tmp_path)
    book.note_wrong_password("my secret, typed as a name", "192.0.2.7", NOW_S)
    book.penalise("192.0.2.7", 5, NOW_S)
    book.come("192.0.2.8", NOW_S)
    assert b"my secret" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
    book.tidy(NOW_S + 700)
    tables = ("source", "wrong_password")
    assert [book._db.execute(f"select count(*) from {table}").fetchone()[0] for table in tables] == [0, 0]
    book.close()
