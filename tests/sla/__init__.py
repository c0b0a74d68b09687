"""Tests of the SLA service and of working time."""
