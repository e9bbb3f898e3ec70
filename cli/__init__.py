"""The command line `deployr`: reads deploy.yaml, creates jobs, follows logs; reaches no server."""

import sys


def script() -> None:
    """Run `deployr`; say so when the wheel was installed without what it needs."""
    try:
        from .main import main  # noqa: PLC0415 - what it imports may be missing
    except ModuleNotFoundError as error:
        # Not by the name on PyPI: a stranger could own it there.
        sys.exit(
            f"deployr is not set up in this environment ({error.name} is missing); "
            "in a checkout of Deployr: pip install '.[cli]'"
        )
    main()
