"""Plain rules and types that need nothing but the standard library."""
