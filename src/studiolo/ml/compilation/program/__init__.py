"""The program of a compilation job, which runs in the environment of the model's framework."""
