"""Uploads to one drop that were cut off: their bytes stay hidden until the client goes on, comes again or gives up."""

from collections.abc import Iterable

from config.home import Home
from sftp_gateway.arrivals import DropId, Journal, Writing
from sftp_gateway.completeness import makes_good


class Partials:
    """What is left of uploads to one drop that were cut off."""

    def __init__(self, home: Home, drop_id: DropId, journal: Journal) -> None:
        self._home = home
        self._drop_id = drop_id
        self._journal = journal

    def all(self) -> list[Writing]:
        """Uploads that were cut off and have not come again."""
        return self._journal.interrupted(self._drop_id)

    def under(self, path: str) -> Writing | None:
        """What is left of the upload to this path."""
        return next((partial for partial in self.all() if partial.path == path), None)

    def made_good_by(self, name: str) -> list[Writing]:
        """What the arrival of `name` is the retry of."""
        return [partial for partial in self.all() if makes_good(name, partial.path)]

    def forget(self, partial: Writing) -> None:
        """Nobody will go on with this one."""
        self._journal.end_writing(partial)
        self.unlink([partial])

    def unlink(self, writings: Iterable[Writing]) -> None:
        """Remove hidden files whose uploads the journal has ended."""
        for writing in writings:
            (self._home.uploads / writing.staging).unlink(missing_ok=True)
