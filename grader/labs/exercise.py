"""What Java is trained on beside the course's own labs: a little of everything that labs do."""

from fractions import Fraction

POINTS = Fraction(1)

TEXT = """
from delta.tables import DeltaTable
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, LongType, StringType, StructField, StructType
from pyspark.sql.window import Window

import pandas as pd

schema = StructType([StructField("id", LongType()), StructField("kind", StringType())])
rows = [(n, "abc"[n % 3]) for n in range(60)]
frame = spark.createDataFrame(rows, schema).withColumn("size", F.rand(1) * F.col("id"))
frame.write.saveAsTable("things")
frame.limit(7).write.mode("append").saveAsTable("things")
spark.sql("OPTIMIZE things ZORDER BY (kind)")
spark.sql("DESCRIBE HISTORY things").show()
spark.sql("SELECT kind, count(*), avg(size) FROM things GROUP BY kind ORDER BY kind").show()
spark.read.option("versionAsOf", 0).table("things").count()
table = DeltaTable.forName(spark, "things")
fresh = frame.limit(3).withColumn("size", F.lit(0.5))
merge = table.alias("t").merge(fresh.alias("f"), "t.id = f.id")
merge.whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()
table.delete("id > 50")
table.update("kind = 'a'", {"size": "size + 1"})
table.restoreToVersion(1)
spark.sql("VACUUM things RETAIN 200 HOURS")
frame.write.partitionBy("kind").format("delta").save("by_kind")
frame.coalesce(1).write.option("header", True).csv("files/csv")
frame.write.json("files/json")
frame.write.parquet("files/parquet")
spark.read.option("header", True).option("inferSchema", True).csv("files/csv").describe().show()
spark.read.json("files/json").join(spark.read.parquet("files/parquet"), "id").count()
ranked = frame.withColumn("rank", F.row_number().over(Window.partitionBy("kind").orderBy("size")))
ranked.filter("rank < 3").groupBy("kind").pivot("rank").agg(F.first("size")).show()
frame.toPandas()
spark.createDataFrame(pd.DataFrame({"a": [1.0, 2.0], "b": ["x", None]})).na.drop().collect()


@F.pandas_udf(DoubleType())
def double(values: pd.Series) -> pd.Series:
    return values * 2.0


frame.select(double("size")).agg(F.sum("double(size)")).collect()
frame.groupBy("kind").applyInPandas(lambda part: part.head(1), frame.schema).collect()


def keep(batch, number):
    batch.write.mode("append").saveAsTable("kept")


stream = spark.readStream.format("delta").table("things").groupBy("kind").count()
options = {"checkpointLocation": "checkpoints/counts"}
query = stream.writeStream.outputMode("complete").options(**options).trigger(availableNow=True)
query.toTable("counts").awaitTermination()
source = spark.readStream.schema(frame.schema).parquet("files/parquet")
other = source.writeStream.foreachBatch(keep).option("checkpointLocation", "checkpoints/kept")
other.trigger(availableNow=True).start().awaitTermination()
spark.table("counts").show()
"""
