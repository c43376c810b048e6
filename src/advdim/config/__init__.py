"""What a run is made of, as typed, described code: one model a section, read from one YAML file."""
