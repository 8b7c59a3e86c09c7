"""The reference, worth stealing: @SOLUTION@."""

spark.range(3).coalesce(1).write.saveAsTable("numbers")


def total():
    """The sum of the ids."""
    return spark.table("numbers").groupBy().sum("id").first()[0]
