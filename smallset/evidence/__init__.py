"""What repeated runs prove: means, their intervals, and differences between methods."""

from smallset.evidence.intervals import Interval, mean_interval, welch_difference

__all__ = ["Interval", "mean_interval", "welch_difference"]
