"""The demo account "Wonder Paws": dog joint chews sold in the United States, made from a fixed seed."""
