"""Contact sheets of sets, and tables of results."""

from smallset.report.sheet import contact_sheet

__all__ = ["contact_sheet"]
