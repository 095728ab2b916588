"""A client's path never leads out of what its account sees (reference 7, 29)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.accounts import Account
from sftp_gateway.sftp.paths import InDrop, InReports, Top, is_ours, normalised, place_of, shown
from sftp_gateway.statuses import Refusal
from tests.sftp_gateway.harness import account

SINGLE = account("acme")
MANY = account("regional", "vendor", "springfield", "shelbyville")
DISTRICT = account("office", "district")
UPLOADER = account("blind", "vendor", rights=frozenset({"upload"}))

HOSTILE = st.lists(
    st.one_of(
        st.sampled_from(
            [b"..", b".", b"", b"/", b"//", b"reports", b"test", b"springfield", b"..\\", b"\x00", b"\xff"]
        ),
        st.binary(max_size=6),
    ),
    max_size=12,
).map(b"/".join)


@given(HOSTILE, st.sampled_from([SINGLE, MANY, DISTRICT]))
def test_no_path_leaves_the_drop(path: bytes, who: Account) -> None:
    try:
        place = place_of(who, path)
    except Refusal:
        return
    if isinstance(place, Top):
        return
    assert place.district in who.districts
    assert all(name not in {"", ".", ".."} and "/" not in name and "\0" not in name for name in place.names)


@given(HOSTILE)
def test_a_path_that_was_told_is_understood_again(path: bytes) -> None:
    try:
        names = normalised(path)
    except Refusal:
        return
    assert normalised(shown(names)) == names


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (b"", InDrop("springfield", "main")),
        (b".", InDrop("springfield", "main")),
        (b"//users.csv", InDrop("springfield", "main", ("users.csv",))),
        (b"/../../users.csv", InDrop("springfield", "main", ("users.csv",))),
        (b"x/../../users.csv", InDrop("springfield", "main", ("users.csv",))),
        (b"..\\users.csv", InDrop("springfield", "main", ("..\\users.csv",))),
        (b"test/users.csv", InDrop("springfield", "test", ("users.csv",))),
        (b"test/../users.csv", InDrop("springfield", "main", ("users.csv",))),
        (b"reports/latest.txt", InReports("springfield", "main", "masked", ("latest.txt",))),
        (b"test/reports", InReports("springfield", "test", "masked")),
    ],
)
def test_a_vendor_sees_its_drop_as_the_top(path: bytes, place: object) -> None:
    assert place_of(SINGLE, path) == place


def test_an_account_of_many_sees_a_folder_for_each() -> None:
    assert place_of(MANY, b"/") == Top()
    assert place_of(MANY, b"/shelbyville/test/a.csv") == InDrop("shelbyville", "test", ("a.csv",))


@pytest.mark.parametrize("path", [b"/ogdenville", b"/ogdenville/users.csv", b"/springfield/../ogdenville"])
def test_another_district_is_as_if_it_were_not_there(path: bytes) -> None:
    with pytest.raises(Refusal, match="No such file"):
        place_of(MANY, path)


def test_which_reports_an_account_sees() -> None:
    assert place_of(DISTRICT, b"reports") == InReports("springfield", "main", "values")
    assert place_of(SINGLE, b"reports") == InReports("springfield", "main", "masked")
    assert place_of(UPLOADER, b"reports") == InReports("springfield", "main", "none")


@pytest.mark.parametrize("path", [b"/", b"/reports", b"/reports/x", b"/test", b"/test/reports/x"])
def test_what_is_ours(path: bytes) -> None:
    assert is_ours(place_of(SINGLE, path))


@pytest.mark.parametrize("path", [b"/users.csv", b"/own/reports", b"/test/users.csv", b"/test/test"])
def test_what_is_the_clients(path: bytes) -> None:
    assert not is_ours(place_of(SINGLE, path))


@pytest.mark.parametrize("path", [b"a\x00b", b"a\nb", b"\xff\xfe", b"x" * 256, b"a/" * 3000])
def test_paths_that_are_refused(path: bytes) -> None:
    with pytest.raises(Refusal):
        place_of(SINGLE, path)
