package studiolo;

import java.security.MessageDigest;
import javax.security.sasl.AuthenticationException;
import org.apache.hive.service.auth.PasswdAuthenticationProvider;

/** Lets into HiveServer2 who has the cluster's token for a password, as the door before it: whatever the user's name. */
public class HivePassword implements PasswdAuthenticationProvider {
    public void Authenticate(String user, String password) throws AuthenticationException {
        byte[] token = System.getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN").getBytes();
        if (password == null || !MessageDigest.isEqual(password.getBytes(), token)) {
            throw new AuthenticationException("Connect to the port of the door before this server.");
        }
    }
}
