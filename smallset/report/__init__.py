"""What people look at: contact sheets."""

from smallset.report.sheet import contact_sheet

__all__ = ["contact_sheet"]
