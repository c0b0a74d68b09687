"""What reporting does, one module per aggregate; each takes an open transaction and never commits."""
