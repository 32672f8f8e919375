"""Model Monitor: what the data and the quality of a model should be, and whether they still are so."""
