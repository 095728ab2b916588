"""What was done, by whom: lines of JSON without personal values, and figures for Prometheus."""
