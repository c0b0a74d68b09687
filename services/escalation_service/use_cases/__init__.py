"""What escalation does: lock, decide, save, tell; each takes an open transaction and never commits."""
