"""Several processes on one port: who leads, who follows, and what they tell each other."""
