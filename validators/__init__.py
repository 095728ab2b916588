"""Reading a file faithfully and judging it: table rules, values, relationships."""
