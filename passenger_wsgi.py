"""WSGI entry for Passenger and its kin; any WSGI server may load `passenger_wsgi:application`."""

import site
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent

# Where .cpanel.yml puts the packages when the host offers no virtual environment of its own;
# some hosts also start the app with another Python than that environment's.
site.addsitedir(str(ROOT / "packages"))
sys.path.insert(0, str(ROOT))

from app import create_app  # noqa: E402 - only now it can be found

application = create_app()
