"""Training jobs: the runner process that carries one out, and the server's account of it."""
