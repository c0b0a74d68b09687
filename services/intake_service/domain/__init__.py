"""The rules of a case; nothing in here knows a database, a request or an event."""
