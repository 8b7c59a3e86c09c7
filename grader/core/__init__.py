"""Pure core: models, marking, verdicts, tally. No files, clock, processes or environment."""
