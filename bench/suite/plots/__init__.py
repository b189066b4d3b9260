"""A file for each plot; all are drawn in the style of style.py."""
