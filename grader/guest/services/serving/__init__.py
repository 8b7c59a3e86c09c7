"""Serving endpoints: their API, what they serve, and the scoring servers behind them."""
