"""What has to be fast or right, each measured beside what it is compared with: `python -m benchmarks`."""
