"""Figures that answer the reader: a pad to draw on, a network that learns in the page."""
