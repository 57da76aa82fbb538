"""The pipeline's steps as Prefect tasks and flows."""
