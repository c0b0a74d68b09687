"""Tables and every SQL statement of escalation, one module per subject."""
