"""CloudFormation's templates: their text, sections, parameters, functions and transforms; values in, values out."""

from studiolo.stacks.template.errors import TemplateInvalid
from studiolo.stacks.template.functions import Evaluator, Unknown, as_text, causes_of
from studiolo.stacks.template.loader import load
from studiolo.stacks.template.parameters import Parameter, parameters, pseudo
from studiolo.stacks.template.references import references
from studiolo.stacks.template.rules import check_rules
from studiolo.stacks.template.sections import Definition, Template, in_order
from studiolo.stacks.template.transforms import LANGUAGE, SERVERLESS, named_transforms, transformed

__all__ = [
    "LANGUAGE", "SERVERLESS", "Definition", "Evaluator", "Parameter", "Template", "TemplateInvalid", "Unknown", "as_text",
    "causes_of", "check_rules", "in_order", "load", "named_transforms", "parameters", "pseudo", "references",
    "transformed",
]  # fmt: skip
