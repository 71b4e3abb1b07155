"""`python -m callguard`: the command line, for when the script is not on the path."""

import sys

from callguard.cli import main

sys.exit(main())
