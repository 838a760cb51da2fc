"""What people look at: contact sheets, and tables of results."""
