"""Processing jobs: users' programs on data of S3."""
