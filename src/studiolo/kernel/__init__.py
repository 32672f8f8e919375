"""The program inside a session's process: an IPython kernel whose namespace holds a Spark session.

It runs in the interpreter of the session's runtime, so it needs ipykernel and pyspark and little of Studiolo.
"""
