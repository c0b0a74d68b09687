"""Two toy services with the shared tables only, for tests of the machinery."""
