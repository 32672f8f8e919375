"""Making the files of governed views: a program of its own, which is given a file and leaves what may be seen of it."""
