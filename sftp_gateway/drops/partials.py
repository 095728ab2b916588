"""Uploads to one drop that were cut off: their bytes stay hidden until the client goes on, comes again or gives up."""

from collections.abc import Iterable

from config.home import Home
from sftp_gateway.drops.arrivals import Journal, Writing
from sftp_gateway.names import makes_good
from sftp_gateway.receiving import DropId


class Partials:
    """What is left of uploads to one drop that were cut off."""

    def __init__(self, home: Home, drop_id: DropId, journal: Journal) -> None:
        self._home = home
        self._drop_id = drop_id
        self._journal = journal

    def all(self) -> list[Writing]:
        """Uploads that were cut off and have not come again."""
        return self._journal.interrupted(self._drop_id)

    def resumable(self) -> list[Writing]:
        """Those with which a client can go on; one that holds its content twice is only kept aside."""
        return [partial for partial in self.all() if not partial.repeated]

    def under(self, path: str) -> Writing | None:
        """What is left of the upload to this path, for a client that goes on."""
        return next((partial for partial in self.resumable() if partial.path == path), None)

    def is_lost(self, partial: Writing) -> bool:
        """Whether its bytes are gone, as in a home that came out of a backup."""
        hidden = self._home.uploads / partial.staging
        return not hidden.is_file() or hidden.stat().st_size < partial.size

    def left_of(self, path: str) -> list[Writing]:
        """All that is left of uploads to this path."""
        return [partial for partial in self.all() if partial.path == path]

    def made_good_by(self, name: str) -> list[Writing]:
        """What the arrival of `name` is the retry of."""
        return [partial for partial in self.all() if makes_good(name, partial.path)]

    def forget(self, *partials: Writing) -> None:
        """Nobody will go on with these."""
        self._journal.end_writing(*partials)
        self.unlink(partials)

    def unlink(self, writings: Iterable[Writing]) -> None:
        """Remove hidden files whose uploads the journal has ended."""
        for writing in writings:
            (self._home.uploads / writing.staging).unlink(missing_ok=True)
