"""What LightGBM and CatBoost have in common: SageMaker's layout of their data, and the forms of their answers."""
