"""The gateway as a whole: the server, the watcher and the completeness loop of one home."""

from collections.abc import Callable, Mapping

from config.accounts import Account
from config.home import Home
from config.settings import Settings
from sftp_gateway.receiving import Districts, Receiver


class Gateway:
    """The SFTP server, the watcher and the completeness loop of one home.

    `accounts` and `districts` are asked again, in a thread, at every login and every look at a drop: they may read
    files, and an edit takes effect at the next login or batch.
    """

    port: int  # where it really listens, also when `settings.server.port` is 0

    def __init__(
        self,
        home: Home,
        settings: Settings,
        *,
        accounts: Callable[[], Mapping[str, Account]],
        districts: Callable[[], Districts],
        receiver: Receiver,
    ) -> None:
        self._home = home
        self._settings = settings
        self._accounts = accounts
        self._districts = districts
        self._receiver = receiver

    async def start(self) -> None:
        """Listen, take up what was open when the last process ended, and attend to every drop.

        Raises: GatewayError, with what to do about it.
        """

    async def stop(self) -> None:
        """Refuse new logins, give running transfers a short grace; what is still open then is interrupted."""
