"""Protocols, views, the one training loop, and evaluation."""
