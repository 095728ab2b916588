"""Bytes that nobody meant to send: seeds that are known to be hard, torn, spliced and repeated."""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

Check = Callable[[bytes], None]

TOKENS: Final = (
    *(
        b",",
        b";",
        b"\t",
        b"|",
        b'"',
        b'""',
        b"'",
        b"\\",
        b'\\"',
        b"\n",
        b"\r\n",
        b"\r",
        b"\n\n",
        b" ",
        b"=",
        b'="',
        b"0",
    ),
    *(
        b"\0",
        bytes(16),
        b"\x1a",
        b"\xff",
        b"\xc3",
        b"\xe2\x80\x8b",
        b"\xc2\xa0",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xef\xbf\xbd",
    ),
    *("é".encode(), "e\u0301".encode(), "Ã±".encode(), "“".encode(), "山".encode("cp932")),
    *(
        b"---,---\n",
        b"(2 rows affected)\n",
        b"Total records: 2",
        b"sep=;\n",
        b"Msg 208, Level 16\n",
        b"sourcedId",
        b"password",
    ),
    *(b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"\x1f\x8b", b"../", b"{", b"}", b"[", b"1e999", b"-1", b'"files":'),
)
"""What files break on."""

_PLACES: Final = st.integers(0, 1 << 16)
_CUTS: Final = st.tuples(_PLACES, st.integers(0, 64), st.sampled_from([b"", *TOKENS]))


@st.composite
def torn(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """A seed with pieces cut out, tokens put in, a part of another seed behind, or all of it many times."""
    data = draw(st.sampled_from(seeds))
    for place, length, token in draw(st.lists(_CUTS, max_size=6)):
        at = place % (len(data) + 1)
        data = data[:at] + token + data[at + length :]
    if draw(st.integers(0, 3)) == 0:
        other = draw(st.sampled_from(seeds))
        data = data[: draw(_PLACES) % (len(data) + 1)] + other[draw(_PLACES) % (len(other) + 1) :]
    return data * draw(st.sampled_from([1] * 30 + [3, 200]))


def try_some(check: Check, seeds: Sequence[bytes], *, number: int, inputs: int) -> None:
    """One round: the same number tries the same inputs; one that fails is made small."""

    @seed(number)
    @settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(torn(seeds))
    def each(data: bytes) -> None:
        check(data)

    each()


def packed(contents: Sequence[bytes]) -> Iterator[bytes]:
    """ZIPs of which each content is a file, stored and deflated."""
    for content in contents:
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            made = io.BytesIO()
            with zipfile.ZipFile(made, "w", method) as archive:
                archive.writestr("night/users.csv", content)
                archive.writestr("night/classes.csv", b"sourcedId,title,schoolSourcedId\n")
            yield made.getvalue()
