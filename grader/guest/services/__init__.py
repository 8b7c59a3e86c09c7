"""A workspace's services over REST: MLflow's own server, and what Databricks has around it.

`server` starts them as a process beside the lab's, `context` is what the parts share. A part is a
module with a function `blueprint(context)`, which is called in the services' process while that
still has one thread: what it forks there is sound.
"""
