"""One batch from frozen to reported: the lifecycle, the roster, the changes, the guard, applying, the report."""
