"""Measurements that are printed, each beside what it is compared with."""
