"""What can be seen from outside while it runs: logs without personal data, metrics, trace context."""
