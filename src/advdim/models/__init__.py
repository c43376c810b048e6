"""Models: nets as Keras functional models, built from settings alone."""
