"""Objectives, one a module; a way of training names its own by the module's name."""
