"""Renderings of a grade: one module a format, each a generator of lines. The grade holds it all."""
