"""Runs: their store, folders, processes and queue. Nothing here imports torch."""
