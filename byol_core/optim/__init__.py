"""Optimizers, and the schedules of the learning rate and tau."""
