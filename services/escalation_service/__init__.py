"""Escalation: chases late cases until they are done (process step 3)."""
