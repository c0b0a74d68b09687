"""Providers of messages: SMS gateway, LINE, mail server. Each call ends in an Outcome, never in an exception."""
