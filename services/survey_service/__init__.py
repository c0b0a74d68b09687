"""Tells customers, calls them and samples the work (process steps 4, 5 and 7)."""
