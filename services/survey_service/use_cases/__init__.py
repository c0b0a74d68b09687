"""What happens in survey: lock, decide, save, tell. Each takes an open transaction and never commits."""
