"""Carries out the transform AWS::Serverless-2016-10-31, by AWS's own translator, in an environment of its own.

Standard input: {"template", "values": of parameters and pseudo parameters, "policies": ARNs of AWS's managed policies by
their names}. Standard output: {"template"}, or {"problem": why not}.
"""

import json
import sys

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform


class Policies:
    """What the translator knows managed policies by."""

    def __init__(self, known: dict[str, str]) -> None:
        self._known = known

    def load(self) -> dict[str, str]:
        return self._known


given = json.load(sys.stdin)
try:
    answer = {"template": transform(given["template"], given["values"], Policies(given["policies"]))}
except InvalidDocumentException as error:
    answer = {"problem": " ".join([error.message, *(cause.message for cause in error.causes)])}
json.dump(answer, sys.stdout)
