"""Tests of reporting: the fold, the figures, the OIS feed, packs, reports and directives."""
