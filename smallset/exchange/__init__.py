"""Sets on their way in and out: exports, other people's sets, lists of chosen images."""
