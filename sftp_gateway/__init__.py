"""Accounts, the SSH server, the folder an account sees, uploads, arrivals, and when a set is complete."""
