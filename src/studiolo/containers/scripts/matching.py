"""Finds what regular expressions match. Asked in lines of JSON, `[expression, text]`, and answers so: the values found."""

import json
import re
import sys


def main() -> None:
    for asked in sys.stdin:
        expression, text = json.loads(asked)
        found = [match[1] if match.re.groups else match[0] for match in re.finditer(expression, text)]
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
