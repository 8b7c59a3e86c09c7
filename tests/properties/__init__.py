"""Property tests: whatever is handed in or sent over the wall, a grade or a clear message."""
