package org.apache.spark.sql.catalyst.plans.logical;

/**
 * What Spark 4.1 had up to a late fix, and Delta 4.2 was built with: without it Delta's ALTER TABLE fails
 * (NoClassDefFoundError). It marks plans and has no members.
 */
public interface IgnoreCachedData { }
