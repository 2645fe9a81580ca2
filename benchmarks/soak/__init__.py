"""The queue under faults: real workers that are killed, frozen and cut off while the database restarts under them."""
