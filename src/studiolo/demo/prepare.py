"""The Spark code of the story: raw hourly readings to one row per station and day.

`spark.py` sends each cell (`# %%`) as one statement to a Glue interactive session; `emr.py` gives the whole to
spark-submit. The file also runs cell by cell in a notebook, or in any Spark whose catalog has the database.
"""

# %% The database of the Data Catalog
DATABASE = "air_quality"  # has the table `raw`; what is made here goes there too

# %% Start Spark
import math

from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812 (every Spark program calls it F)

spark = SparkSession.builder.getOrCreate()
spark.conf.set("spark.sql.shuffle.partitions", 2)  # half a million rows: few, large tasks
print("Spark", spark.version)

# %% Read the hourly readings
# The table's columns are texts. As numbers, a missing value, which is written NA, becomes null, and so does the line
# of column names that each file begins with.
TEXTS = ["wd", "station"]
raw = spark.table(f"{DATABASE}.raw")
numbers = [F.col(name).cast("double").alias(name) for name in raw.columns if name not in TEXTS]
readings = raw.select(*numbers, *TEXTS).where("year is not null")

# %% Clean them
# The wind is a vector: the mean of a north wind (0 degrees) and a wind from 358 degrees is not a south wind.
# Components point where the air goes to, so a north wind has a negative north component.
DIRECTIONS = ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"]
degrees = F.create_map(*[F.lit(item) for i, name in enumerate(DIRECTIONS) for item in (name, i * 22.5)])
angle = F.radians(degrees[F.col("wd")])
hours = readings.select(
    "station",
    F.expr("make_date(int(year), int(month), int(day))").alias("date"),
    F.col("hour").cast("int").alias("hour"),
    F.when(F.col("no2") > 0, F.col("no2")).alias("no2"),
    F.col("temp").alias("temperature"),
    F.col("dewp").alias("dew_point"),
    F.col("pres").alias("pressure"),
    "rain",
    F.col("wspm").alias("wind"),
    (-F.col("wspm") * F.sin(angle)).alias("wind_east"),
    (-F.col("wspm") * F.cos(angle)).alias("wind_north"),
).cache()
found = hours.agg(F.count("*"), F.count("no2"), F.countDistinct("station")).first()
assert found is not None
print(f"{found[0]:,} hourly readings of {found[2]} stations; NO2 is missing in {1 - found[1] / found[0]:.1%}")

# %% Nitrogen dioxide: one row per station and day
# A day counts when at least 18 of its hours were measured: a mean of the night alone would be no daily mean.
no2 = (
    hours.groupBy("station", "date")
    .agg(F.avg("no2").alias("no2"), F.count("no2").alias("valid_hours"))
    .where("valid_hours >= 18")
    .cache()  # needed twice: today and as yesterday
)

# %% Weather: one row per day for the whole city
# First the city's mean of each hour, then the day: so a station that missed some hours does not tilt the day.
AVERAGED = ["temperature", "dew_point", "pressure", "wind", "wind_east", "wind_north"]
city_hours = hours.groupBy("date", "hour").agg(*[F.avg(name).alias(name) for name in [*AVERAGED, "rain"]])
weather = (
    city_hours.groupBy("date")
    .agg(
        *[F.avg(name).alias(name) for name in AVERAGED],
        F.min("temperature").alias("temperature_min"),
        F.max("temperature").alias("temperature_max"),
        F.max("wind").alias("wind_max"),
        F.sum("rain").alias("rain"),
    )
    .withColumn("temperature_range", F.col("temperature_max") - F.col("temperature_min"))
    .withColumn("log_wind", F.log(F.greatest("wind", F.lit(0.1))))
    .withColumn("log_rain", F.log1p("rain"))
)
# Air stays: a windy or rainy yesterday still cleans today. Joined by date, for days may be missing.
day_before = weather.select(
    F.date_add("date", 1).alias("date"),
    F.col("log_wind").alias("log_wind_before"),
    F.col("log_rain").alias("log_rain_before"),
)
# The calendar: heating and daylight come with the year, traffic with the week.
year_angle = 2 * math.pi * F.dayofyear("date") / 365.25
city_weather = (
    weather.join(day_before, "date")
    .withColumn("year_sin", F.sin(year_angle))
    .withColumn("year_cos", F.cos(year_angle))
    .withColumn("half_year_sin", F.sin(2 * year_angle))
    .withColumn("half_year_cos", F.cos(2 * year_angle))
    .withColumn("weekend", F.dayofweek("date").isin(1, 7).cast("double"))
    .na.drop()
    .cache()  # needed for the stations and for the city
)

# %% Join them
# Yesterday's NO2 comes along for the naive baseline; the model never sees it.
no2_before = no2.select("station", F.date_add("date", 1).alias("date"), F.col("no2").alias("no2_before"))
station_days = (
    no2.join(city_weather, "date")
    .join(no2_before, ["station", "date"], "left")
    .withColumn("year", F.year("date"))
    .coalesce(1)  # small by now: one file a year
    .cache()
)
city_days = (
    station_days.groupBy("date", "year")
    .agg(F.avg("no2").alias("no2"), F.count("station").alias("stations"))
    .join(city_weather, "date")
)
print(f"{station_days.count():,} station days")

# %% Write tables of Parquet, partitioned by year
folder = spark.catalog.getDatabase(DATABASE).locationUri
for name, table in {"station_days": station_days, "city_days": city_days}.items():
    writer = table.coalesce(1).write.mode("overwrite").partitionBy("year").option("path", f"{folder}/{name}")
    writer.saveAsTable(f"{DATABASE}.{name}")
years = station_days.groupBy("year").count().orderBy("year").collect()
print("station days written: " + ", ".join(f"{row['year']}: {row['count']:,}" for row in years))
