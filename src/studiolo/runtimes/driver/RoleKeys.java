package studiolo;

import com.amazonaws.auth.ContainerCredentialsProvider;
import com.amazonaws.internal.CredentialsEndpointProvider;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Collections;
import java.util.Map;

/** The role's keys at the address that the variables name, which may be another machine's: Java's SDK asks none such. */
public final class RoleKeys extends ContainerCredentialsProvider {
    public RoleKeys() {
        super(new CredentialsEndpointProvider() {
            public URI getCredentialsEndpoint() throws URISyntaxException {
                return new URI(System.getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"));
            }

            public Map getHeaders() {
                return Collections.singletonMap("Authorization", System.getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
            }
        });
    }
}
