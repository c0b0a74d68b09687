"""What one machine does, measured from outside in one run; figures to read, never a test that fails on time."""
