package studiolo;

import java.net.InetAddress;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.hadoop.security.authorize.ImpersonationProvider;

/**
 * Lets who is connected to Hadoop act as its one user: whose the connection is was asked before, by the port's door.
 *
 * The name by which a program logs in is its secret at the metastore, and must be nobody's in Hadoop's lists.
 */
public class AnyUser implements ImpersonationProvider {
    private Configuration conf;

    public void init(String prefix) { }

    public void setConf(Configuration given) {
        conf = given;
    }

    public Configuration getConf() {
        return conf;
    }

    public void authorize(UserGroupInformation user, String address) { }

    public void authorize(UserGroupInformation user, InetAddress address) { }
}
