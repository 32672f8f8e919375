package studiolo;

import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.security.UserGroupInformation;

/**
 * Runs the main method of a class, the second argument, as the first is to Hadoop: the user that YARN and HDFS know.
 *
 * HADOOP_USER_NAME says something else: by that Hive's client says to the metastore who asks.
 */
public final class HadoopUser {
    private HadoopUser() { }

    public static void main(String[] given) throws Throwable {
        // The names of users are the metastore's tokens: nobody is to look for groups of theirs, and complain by the name.
        Configuration conf = new Configuration();
        conf.set("hadoop.security.group.mapping", "org.apache.hadoop.security.NullGroupsMapping");
        UserGroupInformation.setConfiguration(conf);
        UserGroupInformation.setLoginUser(UserGroupInformation.createRemoteUser(given[0]));
        String[] rest = (String[]) Arrays.copyOfRange(given, 2, given.length);
        try {
            Class.forName(given[1]).getMethod("main", new Class[] {String[].class}).invoke(null, new Object[] {rest});
        } catch (InvocationTargetException error) {
            throw error.getCause();
        }
    }
}
