"""From produced tables to estimates with intervals."""
