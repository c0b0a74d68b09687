"""What people and systems do with cases: lock, decide, save, tell. Every function takes an open transaction."""
