"""One conformance suite for every tier that this machine offers."""
