"""Runs on the machines of a real Ray cluster, each in a network of its own where the system lets us make one."""
