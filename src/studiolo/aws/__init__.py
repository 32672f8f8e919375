"""The AWS wire, driven by botocore's service models and knowing no service: routing, SigV4, protocols, errors."""
