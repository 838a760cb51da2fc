"""A tiny data set, a plan over it, and the set of both: see `set_toy`."""

from set_toy import dataset, made, plan

__all__ = ["dataset", "made", "plan"]
