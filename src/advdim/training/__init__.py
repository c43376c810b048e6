"""Training: from a dataset and a model's settings to weights."""
