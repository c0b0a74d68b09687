"""Pure rules of notices, calls and samples."""
