"""The checks that run on this computer, one module for each thing that they look at."""
