"""The report in a real browser: Debian's chromium, driven by playwright (`make test-all`)."""
