"""The web app: its server, who may see what, and the small set of parts that the pages are made of."""
