"""Rules over the bank. A rule is one small module of `rules/`; see `rules/__init__.py`."""
