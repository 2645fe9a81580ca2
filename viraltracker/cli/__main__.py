"""`python -m viraltracker.cli`."""

import sys

from viraltracker.cli import main

sys.exit(main())
