"""The real engines behind the wall."""
