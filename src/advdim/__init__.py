"""advdim: adversarial vulnerability and input dimension, from raw data to report."""
