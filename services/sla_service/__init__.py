"""SLA: policies, calendars, clocks and breaches (process steps 2 and 3; design note sla.md)."""
