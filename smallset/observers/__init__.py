"""Observers: the networks through which scores, selections and syntheses look at images."""
