"""The OIS record, daily packs, quarterly reports and the September evaluation (process steps 6, 8, 9, 10)."""
