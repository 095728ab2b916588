"""What a client asks for: the protocol with our limits, its sessions, and what an account sees."""
