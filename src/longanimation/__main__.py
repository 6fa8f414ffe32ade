"""`python -m longanimation`."""

import sys

from longanimation.cli import main

sys.exit(main())
