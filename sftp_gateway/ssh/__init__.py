"""Who comes in: listening sockets, connections, logins, keys and algorithms."""
