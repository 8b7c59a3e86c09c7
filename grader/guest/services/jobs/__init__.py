"""The jobs API: jobs as data, their runs, and the processes that run tasks."""
