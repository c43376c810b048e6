"""ILSVRC2012: the archive, the merge to classes, decoding and resizing. The sets are built by the kinds beside this."""
