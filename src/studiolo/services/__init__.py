"""One module or folder per AWS API: operation -> domain call -> response; nothing else."""
