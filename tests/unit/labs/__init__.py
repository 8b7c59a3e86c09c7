"""Tests of `grader.labs`."""
