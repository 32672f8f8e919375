"""Who is signed in by a browser: one-time tokens, and the cookies that they become."""

from studiolo.signin.signin import CONSOLE, LONGEST, Offer, SignedIn, SignIns

__all__ = ["CONSOLE", "LONGEST", "Offer", "SignIns", "SignedIn"]
