"""Specifications of online stores, as students import them from `databricks.feature_store`.

Whatever store is named, features go to one SQLite file of the lab; a specification only tells
stores apart. Credentials are taken and ignored.
"""

from __future__ import annotations

from typing import Any


class OnlineStoreSpec:
    """An online store, and optionally the table in it that features go to."""

    kind = ""

    def __init__(self, *place: Any, table_name: str | None = None) -> None:
        self.table_name = table_name
        self._place = tuple(str(part) for part in place if part is not None)

    @property
    def store(self) -> str:
        """What tells this store from others: its kind and where it is."""
        return "/".join([self.kind, *self._place])

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.store}>"


class _Database(OnlineStoreSpec):
    """A server with databases in it."""

    def __init__(
        self,
        hostname: str,
        port: int,
        user: str | None = None,
        password: str | None = None,
        database_name: str | None = None,
        table_name: str | None = None,
        driver_name: str | None = None,
        read_secret_prefix: str | None = None,
        write_secret_prefix: str | None = None,
    ) -> None:
        super().__init__(hostname, port, database_name, table_name=table_name)


class AmazonRdsMySqlSpec(_Database):
    """Stands in for MySQL on Amazon RDS."""

    kind = "amazon-rds-mysql"


class AzureMySqlSpec(_Database):
    """Stands in for Azure Database for MySQL."""

    kind = "azure-mysql"


class AzureSqlServerSpec(_Database):
    """Stands in for Azure SQL."""

    kind = "azure-sql-server"


class AmazonDynamoDBSpec(OnlineStoreSpec):
    """Stands in for Amazon DynamoDB."""

    kind = "amazon-dynamodb"

    def __init__(
        self,
        region: str,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        session_token: str | None = None,
        table_name: str | None = None,
        read_secret_prefix: str | None = None,
        write_secret_prefix: str | None = None,
        ttl: Any = None,
        endpoint_url: str | None = None,
    ) -> None:
        super().__init__(region, table_name=table_name)


class AzureCosmosDBSpec(OnlineStoreSpec):
    """Stands in for Azure Cosmos DB."""

    kind = "azure-cosmosdb"

    def __init__(
        self,
        account_uri: str,
        authorization_key: str | None = None,
        *,
        database_name: str | None = None,
        container_name: str | None = None,
        read_secret_prefix: str | None = None,
        write_secret_prefix: str | None = None,
        ttl: Any = None,
    ) -> None:
        super().__init__(account_uri, database_name, table_name=container_name)
