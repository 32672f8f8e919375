"""Programs that run in the environments of images, by their file: they need what is there, and nothing of ours."""
