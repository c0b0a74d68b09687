"""Tests: what the product promises, as sentences."""
