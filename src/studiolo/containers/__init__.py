"""SageMaker's container contract, nearly all without Docker: what an image means here, how its work is carried out.

`image.py` says what an image is and `images.py` which one a URI means; `launcher.py` is the page that says what a
launcher must do, and each launcher is one file. Training jobs, processing jobs and endpoints are words on top of this.
Modules are imported by their own names: runners are programs that cannot wait for what they do not need.
"""
