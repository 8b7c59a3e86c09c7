"""Hostile submissions with pinned outcomes: see README.md."""
