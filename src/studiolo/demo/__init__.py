"""A city's air, from raw measurements to a served model: the tutorial of Studiolo.

It is written as a user would write it, with boto3 and the SageMaker SDK alone, and uses nothing else of
Studiolo: the same code talks to AWS. Read it in this order: `story.py` (the stages), then the chapter of
each stage: `data.py`, `roles.py`, `bucket.py`, `catalog.py`, `spark.py` with `prepare.py`, `train.py`, `pipeline.py`,
`registry.py`, `serve.py`, `evaluate.py`, `plots.py` and `report.py`.
"""
