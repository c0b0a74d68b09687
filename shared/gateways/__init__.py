"""Providers of messages: LINE, mail server, webhooks. Each call ends in an Outcome, never in an exception."""
