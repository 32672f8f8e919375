package studiolo;

import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URL;

/** Asks Studiolo, which sees all processes of the machine, whether a connection to this JVM may be served. */
final class Asking {
    private static final String UNANSWERED = "Studiolo, which knows whose a connection is, does not answer.";

    private Asking() { }

    /** Null if it may; else why not. */
    static String refusal(String peer, String own) {
        try {
            URL url = new URL(System.getProperty("studiolo.connections") + "?peer=" + peer + "&own=" + own);
            HttpURLConnection asked = (HttpURLConnection) url.openConnection(Proxy.NO_PROXY);
            asked.setConnectTimeout(2000);
            asked.setReadTimeout(10000);
            asked.setRequestProperty("Authorization", System.getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
            int status = asked.getResponseCode();
            InputStream answer = status < 400 ? asked.getInputStream() : asked.getErrorStream();
            byte[] text = new byte[4096];
            int length = 0;
            if (answer != null) {
                int read = answer.read(text, 0, text.length);
                while (read > 0) {
                    length += read;
                    read = answer.read(text, length, text.length - length);
                }
                answer.close();
            }
            if (status == 204) {
                return null;
            }
            return status == 403 ? new String(text, 0, length, "UTF-8").trim() : UNANSWERED;
        } catch (Exception error) {
            return UNANSWERED;
        }
    }
}
