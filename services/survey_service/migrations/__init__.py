"""The survey schema, version by version."""
