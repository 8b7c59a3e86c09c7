"""What Databricks has around MLflow's registry: webhooks, their client, comments, requests."""
