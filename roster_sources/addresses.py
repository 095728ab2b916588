"""Addresses to which a secret may be sent."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from config.mistakes import ConfigError


class InsecureAddress(ConfigError):
    """A token would go over the network for everybody to read."""

    exit_code = 2


def require_safe(url: str) -> None:
    """Stop before a secret is sent in the clear; this machine alone may be asked so.

    Raises:
        InsecureAddress: the address does not begin with https://.
    """
    if not _is_safe(url):
        raise InsecureAddress(f"{url}: the address must begin with https://, for a secret is sent to it")


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme == "https":
        return True
    host = parts.hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
