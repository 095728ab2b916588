"""The Connect store: schema and migrations, reads, one transaction a batch, the ledger."""
