"""What of a cut-off upload is there without a hole, against a model that paints every byte."""

from hypothesis import given
from hypothesis import strategies as st

from sftp_gateway.drops.uploads import Extent

PACKETS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8)), max_size=20)


@given(st.permutations(range(8)), st.integers(0, 8))
def test_packets_in_any_order_leave_no_false_end(order: list[int], received: int) -> None:
    extent, painted = Extent(0), set[int]()
    for packet in order[:received]:
        extent.add(packet * 4, packet * 4 + 4)
        painted.update(range(packet * 4, packet * 4 + 4))
    assert extent.solid == next(byte for byte in range(40) if byte not in painted)


@given(PACKETS)
def test_overlapping_packets_never_claim_a_hole(packets: list[tuple[int, int]]) -> None:
    extent, painted = Extent(0), set[int]()
    for start, length in packets:
        extent.add(start, start + length)
        painted.update(range(start, start + length))
    assert set(range(extent.solid)) <= painted


def test_what_was_there_before_counts_up_to_where_the_client_goes_on() -> None:
    resumed, overwritten = Extent(100), Extent(100)
    resumed.add(100, 132)
    overwritten.add(0, 32)
    assert (resumed.solid, overwritten.solid) == (132, 32)


def test_a_cut_takes_away_what_lay_behind_it() -> None:
    extent = Extent(0)
    extent.add(0, 10)
    extent.add(20, 30)
    extent.cut(15)
    extent.add(10, 16)
    assert extent.solid == 16
