"""The rule set `oneroster`: whether a delivery keeps the specification of its version."""

from validators.oneroster.judging import Conformance, judged
from validators.oneroster.planning import Packing, Plan, manifest_in, planned
from validators.oneroster.sheets import Read, read

__all__ = ["Conformance", "Packing", "Plan", "Read", "judged", "manifest_in", "planned", "read"]
