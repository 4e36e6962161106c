"""Lets the tests beside this file import their samples."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # pytest's importlib mode leaves a test's neighbours unimportable
