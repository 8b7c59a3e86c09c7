"""Fast tests of single modules: no sandbox, no JVM, no MLflow."""
