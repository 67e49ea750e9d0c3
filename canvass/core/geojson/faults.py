"""What stops a file or one of its features from being read."""

from __future__ import annotations


class Fault(Exception):
    """A sentence for whoever chose the file. The reader turns it into a Problem that says where it is."""
