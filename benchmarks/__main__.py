"""Run every benchmark, or those that are named: `python -m benchmarks night reading`."""

import sys

from benchmarks import check, databases, districts, findings, generating, night, pulls, reading, store, transfers

ALL = {
    "check": check.main,
    "databases": databases.main,
    "districts": districts.main,
    "findings": findings.main,
    "generating": generating.main,
    "night": night.main,
    "pulls": pulls.main,
    "reading": reading.main,
    "store": store.main,
    "transfers": transfers.main,
}


def main(names: list[str]) -> int:
    """Run benchmarks by name; the worst of their exit codes."""
    codes = []
    for name in names or ALL:
        print(f"== {name}")
        codes.append(ALL[name]() or 0)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
