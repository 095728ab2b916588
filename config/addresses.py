"""Addresses to which a secret may be sent."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_safe(url: str) -> bool:
    """Whether nobody on the way reads what is sent there; this machine alone may be asked without encryption."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "https":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
