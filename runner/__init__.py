"""The agent on the user's server: it asks the backend for work and deploys what its owner allows."""

import sys


def script() -> None:
    """Run `deployr-runner`; say so when the wheel was installed without what it needs."""
    try:
        from .main import main  # noqa: PLC0415 - what it imports may be missing
    except ModuleNotFoundError as error:
        sys.exit(f"deployr-runner needs {error.name}: pip install 'deployr[runner]'")
    main()
