def read_rides(path)
    return spark.read.csv(path)
