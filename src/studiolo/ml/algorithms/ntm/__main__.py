"""`python -m studiolo.ml.algorithms.ntm train` or `serve`: the two commands of the container."""

from studiolo.ml.algorithms.command import main

if __name__ == "__main__":
    main("studiolo.ml.algorithms.ntm", "ntm")
