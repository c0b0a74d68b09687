"""Runs services: any set of them in one process, or each alone, with the same loops."""
