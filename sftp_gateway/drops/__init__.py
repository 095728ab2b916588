"""What comes into a drop: uploads, arrivals and their journal, quotas, and files put there by other means."""
