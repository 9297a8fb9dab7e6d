"""What the machine gives and asks: memory, processes and their environment. Knows nothing of training."""
