"""Processes that die at named points with work in flight, and a checker that looks from outside."""
