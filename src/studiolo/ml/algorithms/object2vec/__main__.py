"""`python -m studiolo.ml.algorithms.object2vec train` or `serve`: the two commands of the container."""

from studiolo.ml.algorithms.command import main

if __name__ == "__main__":
    main("studiolo.ml.algorithms.object2vec", "object2vec")
