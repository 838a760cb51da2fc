"""A tiny data set, a plan over it, and what a caller knows of a set: see `set_toy`."""

from set_toy import about, dataset, make_dataset, make_plan, plan

__all__ = ["about", "dataset", "make_dataset", "make_plan", "plan"]
