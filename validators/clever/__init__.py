"""Clever's own CSV files, read and told as the tables that Connect takes (clever-classlink A11, D1)."""
