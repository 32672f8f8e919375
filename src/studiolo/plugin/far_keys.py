"""Prints a role's keys as AWS's clients take them from a program: they ask loopback addresses alone by themselves.

It is run where executors on other machines are, by any Python 3.
"""

import json
import os
import urllib.request

SECONDS = 10

proof = {"Authorization": os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}
url = os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
asked = urllib.request.Request(url, headers=proof)  # noqa: S310 (Studiolo says where)
with urllib.request.urlopen(asked, timeout=SECONDS) as answer:  # noqa: S310
    told = json.load(answer)
names = {"AccessKeyId": "AccessKeyId", "SecretAccessKey": "SecretAccessKey", "SessionToken": "Token"}
keys = {name: told[theirs] for name, theirs in names.items()}
print(json.dumps({"Version": 1, **keys, "Expiration": told["Expiration"]}))  # noqa: T201 (it is what it is for)
