"""What grading costs, as ratios of things timed in turn. None of it is a test."""
