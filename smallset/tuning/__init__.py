"""Tuning: which method and codec make the best set for a budget in bytes."""
