"""From a configuration to recipes: what is to be made, from what, under which key."""
