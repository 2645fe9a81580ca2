"""The chat: a line in, an answer of text, cards, tables and charts out, with the rows and the arithmetic behind it.

Works without a model: commands and plain phrases are understood by rules. Knows nothing of the screen.
"""
