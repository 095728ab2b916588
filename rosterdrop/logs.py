"""Where the service's log goes: standard error, for people in a terminal and one JSON line an event elsewhere.

Events carry districts, batches, counts and codes. No value of a file ever reaches them.
"""

import logging
import sys

import structlog


def log_to_stderr() -> None:
    """Set up structlog for a process that serves."""
    people = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
