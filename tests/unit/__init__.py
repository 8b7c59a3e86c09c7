"""Fast tests of single modules: no sandbox, no JVM, no MLflow.

The folders are the zones of `grader/`; what brings zones together lies here, as it does there.
"""
