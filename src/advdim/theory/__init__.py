"""Closed forms of the three studies: what the geometry and the gradients predict without training anything."""
