"""Train the model of a config; ``--help`` shows the options."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if (ROOT / 'mmda' / 'version.py').is_file():
    # In a source checkout: its own package, installed or not.
    sys.path.insert(0, str(ROOT))

from mmda.commands.train import main  # noqa: E402

if __name__ == '__main__':
    main()
