"""Datasets: what the nets are trained on and attacked with."""
