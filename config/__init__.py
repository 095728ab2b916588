"""Settings, profiles, accounts, the schemas of all tables, the paths of a home, and what may be shown.

The lowest floor: every other room uses this one, and it uses none of them.
"""
