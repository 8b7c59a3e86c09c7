"""Labs and whole runs on real engines, behind the wall.

In the quick run, what each engine does is tried by the proofs of labs: Spark, Delta and Python
UDFs by `batch-deployment`, MLflow by `experiment-tracking`, the Feature Store by
`feature-store-operations`, a workspace's services by `lifecycle-automation` and
`real-time-serving`, Kafka by `streaming-deployment`. So nearly all tests here are deep.
"""
