"""The demo: a day of work in fast motion over the REST API, or a file of public tickets fed through intake."""

from services.demo.main import main

__all__ = ["main"]
