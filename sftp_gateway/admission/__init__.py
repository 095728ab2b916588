"""Who may come in before anybody has proven who they are: counts, penalties and bans."""
