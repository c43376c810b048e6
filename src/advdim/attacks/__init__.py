"""Attacks: searching for errors near correctly classified inputs."""
