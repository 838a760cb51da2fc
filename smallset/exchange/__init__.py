"""Exports of sets, foreign sets, lists of chosen images, and sets as data."""
