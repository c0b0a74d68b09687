"""The published language: every event that crosses a service border, one module per publisher."""
