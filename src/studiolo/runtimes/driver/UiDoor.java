package studiolo;

import javax.servlet.Filter;
import javax.servlet.FilterChain;
import javax.servlet.FilterConfig;
import javax.servlet.ServletException;
import javax.servlet.ServletRequest;
import javax.servlet.ServletResponse;
import javax.servlet.http.Cookie;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

/** Admits to Spark's pages who shows the token: in the query of a first request, from then on in a cookie. */
public class UiDoor implements Filter {
    private byte[] token;

    public void init(FilterConfig config) {
        token = config.getInitParameter("token").getBytes();
    }

    public void destroy() { }

    public void doFilter(ServletRequest request, ServletResponse response, FilterChain next)
            throws java.io.IOException, ServletException {
        answer((HttpServletRequest) request, (HttpServletResponse) response, next);
    }

    private void answer(HttpServletRequest request, HttpServletResponse response, FilterChain next)
            throws java.io.IOException, ServletException {
        // Ports of one address share their cookies: each has one of its own name.
        String name = "studiolo-spark-" + request.getLocalPort();
        String host = request.getHeader("Host");
        if (host == null || !host.matches("(127\\.0\\.0\\.1|localhost)(:[0-9]+)?")) {
            // A page elsewhere whose name was made to lead here.
            refuse(response, 421, "Spark's pages answer to 127.0.0.1 and localhost only.");
        } else if (shownInQuery(request) && request.getMethod().equals("GET")) {
            response.addHeader("Set-Cookie",
                name + "=" + new String(token) + "; Path=/; HttpOnly; SameSite=Strict");
            goOn(request, response);
        } else if (shownInQuery(request) || shownInCookie(request, name)) {
            next.doFilter(request, response);
        } else {
            refuse(response, 403, "Spark's pages are opened by the link that GetDashboardUrl answers.");
        }
    }

    /** To the same page without the token, so that it stays in no history. */
    private void goOn(HttpServletRequest request, HttpServletResponse response) {
        StringBuilder place = new StringBuilder(request.getRequestURL());
        char mark = '?';
        String[] parameters = request.getQueryString().split("&");
        for (int i = 0; i < parameters.length; i++) {
            if (!parameters[i].startsWith("token=")) {
                place.append(mark).append(parameters[i]);
                mark = '&';
            }
        }
        if ("cross-site".equals(request.getHeader("Sec-Fetch-Site"))) {
            // A redirection would be the other site's still, to which the browser gives no strict cookie.
            response.setHeader("Refresh", "0; url=" + place);
        } else {
            response.setStatus(302);
            response.setHeader("Location", place.toString());
        }
    }

    private boolean shownInQuery(HttpServletRequest request) {
        String query = request.getQueryString();
        String[] parameters = query == null ? new String[0] : query.split("&");
        for (int i = 0; i < parameters.length; i++) {
            if (parameters[i].startsWith("token=") && isToken(parameters[i].substring(6))) {
                return true;
            }
        }
        return false;
    }

    private boolean shownInCookie(HttpServletRequest request, String name) {
        Cookie[] cookies = request.getCookies() == null ? new Cookie[0] : request.getCookies();
        for (int i = 0; i < cookies.length; i++) {
            if (cookies[i].getName().equals(name) && isToken(cookies[i].getValue())) {
                return true;
            }
        }
        return false;
    }

    private boolean isToken(String shown) {
        return java.security.MessageDigest.isEqual(shown.getBytes(), token);
    }

    private void refuse(HttpServletResponse response, int status, String reason) throws java.io.IOException {
        response.setStatus(status);
        response.setContentType("text/plain;charset=utf-8");
        response.getWriter().println(reason);
    }
}
