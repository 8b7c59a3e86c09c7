"""Fast tests of single modules of `grader.sandbox`."""
