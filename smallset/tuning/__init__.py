"""Tuning: which method and codec make the best set of so many bytes."""
