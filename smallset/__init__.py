"""Make an image dataset small, and measure what it is really worth."""
