"""The material of all analyses."""

from analysis_toy import material

__all__ = ["material"]
