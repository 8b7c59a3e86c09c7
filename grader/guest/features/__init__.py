"""The Feature Store: what students import as `databricks.feature_store`.

Feature tables are Delta tables with keys; what is known of them beyond Delta is in
`feature_store/catalog.db` of the lab's workspace, what is published in `feature_store/online.db`.
Importing this loads neither Spark nor MLflow. `packaging` and `complete` are for whoever serves
a model that was logged with its features.
"""

from grader.guest.features.client import FeatureStoreClient
from grader.guest.features.decorators import feature_table
from grader.guest.features.lookup import FeatureLookup

__all__ = ["FeatureLookup", "FeatureStoreClient", "feature_table"]
