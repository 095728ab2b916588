"""Addresses to which a secret may be sent."""

from config.addresses import is_safe
from config.mistakes import ConfigError


class InsecureAddress(ConfigError):
    """A token would go over the network for everybody to read."""

    exit_code = 2


def require_safe(url: str) -> None:
    """Stop before a secret is sent in the clear; this machine alone may be asked so.

    Raises:
        InsecureAddress: the address does not begin with https://.
    """
    if not is_safe(url):
        raise InsecureAddress(f"{url}: the address must begin with https://, for a secret is sent to it")
