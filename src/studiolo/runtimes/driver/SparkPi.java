package org.apache.spark.examples;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.sql.SparkSession;

/**
 * The example with which tutorials try a cluster. Spark's own are published in no Maven repository.
 */
public final class SparkPi {
    private static final int SLICES = 2;
    private static final int POINTS = 100000;

    private SparkPi() { }

    public static void main(String[] given) {
        SparkSession spark = SparkSession.builder().appName("Spark Pi").getOrCreate();
        int slices = given.length > 0 ? Integer.parseInt(given[0]) : SLICES;
        List numbers = new ArrayList();
        for (int i = 0; i < slices; i++) {
            numbers.add(Integer.valueOf(i));
        }
        Object inside = new JavaSparkContext(spark.sparkContext()).parallelize(numbers, slices).map(new Thrown()).reduce(new Sum());
        System.out.println("Pi is roughly " + 4.0 * ((Long) inside).longValue() / ((long) slices * POINTS));
        spark.stop();
    }

    /** How many of so many points of a square are within its circle. */
    public static final class Thrown implements Function {
        public Object call(Object slice) {
            ThreadLocalRandom random = ThreadLocalRandom.current();
            long inside = 0;
            for (int i = 0; i < POINTS; i++) {
                double x = random.nextDouble() * 2 - 1;
                double y = random.nextDouble() * 2 - 1;
                if (x * x + y * y <= 1) {
                    inside++;
                }
            }
            return Long.valueOf(inside);
        }
    }

    public static final class Sum implements Function2 {
        public Object call(Object one, Object other) {
            return Long.valueOf(((Long) one).longValue() + ((Long) other).longValue());
        }
    }
}
