package studiolo;

import java.io.DataInputStream;
import java.io.File;
import java.io.IOException;
import org.apache.spark.deploy.SparkSubmit;
import org.apache.spark.sql.SparkSession;

/**
 * A driver's JVM that is kept ready: it has run a first small job, and waits for the arguments of spark-submit.
 *
 * It reads two lists of texts from its standard input: names and values of the settings of that job, and the arguments.
 * The file that it is given is there when it waits; what it prints before BEGIN is nobody's.
 */
public final class Ready {
    private static final String BEGIN = "studiolo.Ready: begin";

    private Ready() { }

    public static void main(String[] given) throws Exception {
        DataInputStream in = new DataInputStream(System.in);
        String[] settings = texts(in);
        SparkSession.Builder builder = SparkSession.builder();
        for (int i = 0; i < settings.length; i += 2) {
            builder = builder.config(settings[i], settings[i + 1]);
        }
        SparkSession session = builder.getOrCreate();
        session.sql("select id % 7, count(*) from range(100) group by 1").collect();
        session.stop();
        SparkSession.clearActiveSession();
        SparkSession.clearDefaultSession();
        new File(given[0]).createNewFile();
        String[] arguments = texts(in);
        System.out.println(BEGIN);
        System.err.println(BEGIN);
        SparkSubmit.main(arguments);
    }

    private static String[] texts(DataInputStream in) throws IOException {
        String[] found = new String[in.readInt()];
        for (int i = 0; i < found.length; i++) {
            byte[] text = new byte[in.readInt()];
            in.readFully(text);
            found[i] = new String(text, "UTF-8");
        }
        return found;
    }
}
