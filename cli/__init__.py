"""The command line `deployr`: reads deploy.yaml, creates jobs, follows logs; reaches no server."""

import sys


def script() -> None:
    """Run `deployr`; say so when the wheel was installed without what it needs."""
    try:
        from .main import main  # noqa: PLC0415 - what it imports may be missing
    except ModuleNotFoundError as error:
        sys.exit(f"deployr needs {error.name}: pip install 'deployr[cli]'")
    main()
