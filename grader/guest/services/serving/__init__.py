"""Serving endpoints: their API, what they serve, and the scoring servers behind them.

A served model is loaded inside the lab's own wall, so what an endpoint answers is the student's
word: checks that give points for predictions ask the scorer.
"""
