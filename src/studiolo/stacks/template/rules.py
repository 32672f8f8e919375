"""The Rules section: what the values of parameters must satisfy together."""

from collections.abc import Mapping
from typing import Any

from studiolo.stacks.template.errors import TemplateInvalid
from studiolo.stacks.template.functions import Evaluator


def check_rules(rules: Mapping[str, Any], evaluator: Evaluator) -> None:
    """Raise TemplateInvalid where an assertion fails of a rule whose condition holds."""
    for name, rule in rules.items():
        if "RuleCondition" in rule and not evaluator.holds(rule["RuleCondition"]):
            continue
        for assertion in rule.get("Assertions", []):
            if not evaluator.holds(assertion["Assert"]):
                told = assertion.get("AssertDescription", "an assertion of the rule does not hold")
                raise TemplateInvalid(f"Template validation error: Rule {name} failed: {told}")
