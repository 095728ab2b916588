"""Why a pull came to nothing. The code is a finding's, so its words stand in the catalogue."""

from socket import gaierror

import httpx2

from validators.catalogue.texts import fix, message


class PullFailed(Exception):
    """Nothing was taken, and what Connect has stays as it is.

    Attributes:
        code: the finding that says why.
        detail: what of it may be read: a collection, a status of HTTP, an ID of a school.
    """

    exit_code = 4

    def __init__(self, code: str, detail: str | None = None) -> None:
        finding = {"code": code, "detail": detail}
        super().__init__(f"{message(finding, masked=False)} {fix(finding, masked=False)}")
        self.code = code
        self.detail = detail


def spoken(error: BaseException) -> str:
    """What happened on the way to a source, in the words of reports."""
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return "too slow"
    if isinstance(error, ConnectionRefusedError | gaierror | httpx2.ConnectError):
        return "no connection"
    return "broken off"


class NothingNew(Exception):
    """The source tells that nothing changed since the last pull, or it rests: `until` a day, where that is known."""

    def __init__(self, *, rests: bool, until: str | None = None) -> None:
        super().__init__("rests" if rests else "unchanged")
        self.rests = rests
        self.until = until


class AccessRefused(Exception):
    """The source does not know the token, or not any more; `asking` looks once whether there is a newer one."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
