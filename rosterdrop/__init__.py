"""The command line, the composed service, the demo, the generator."""
