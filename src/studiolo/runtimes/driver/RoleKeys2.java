package studiolo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.time.Instant;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.core.exception.SdkClientException;

/** The role's keys at the address that the variables name, which may be another machine's: Java's SDK asks none such. */
public final class RoleKeys implements AwsCredentialsProvider {
    private static final int MILLISECONDS = 10000;

    /** Seconds before their end in which keys are not used any more. */
    private static final long SPARE = 300L;

    private AwsCredentials keys;
    private Instant until = Instant.MIN;

    public synchronized AwsCredentials resolveCredentials() {
        if (Instant.now().plusSeconds(SPARE).isAfter(until)) {
            try {
                ask();
            } catch (IOException error) {
                throw SdkClientException.create("The role's keys could not be had.", error);
            }
        }
        return keys;
    }

    private void ask() throws IOException {
        URLConnection connection = new URL(System.getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")).openConnection();
        connection.setRequestProperty("Authorization", System.getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
        connection.setConnectTimeout(MILLISECONDS);
        connection.setReadTimeout(MILLISECONDS);
        InputStream answer = connection.getInputStream();
        try {
            JsonNode told = new ObjectMapper().readTree(answer);
            keys = AwsSessionCredentials.create(
                told.get("AccessKeyId").asText(), told.get("SecretAccessKey").asText(), told.get("Token").asText());
            until = Instant.parse(told.get("Expiration").asText());
        } finally {
            answer.close();
        }
    }
}
