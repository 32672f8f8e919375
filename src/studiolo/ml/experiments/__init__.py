"""SageMaker Experiments: experiments, their trials, the components of these, and what is measured in them."""
