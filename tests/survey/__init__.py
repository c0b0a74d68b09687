"""Tests of survey: notices, calls, samples."""
