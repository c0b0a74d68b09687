"""Messages to officers by e-mail, LINE and webhook. Each call ends in an Outcome, never in an exception."""
