"""Artefacts on disk: complete or absent, verified when read, identical when made again."""
