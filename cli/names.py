"""Full names, `owner/name`, of projects and runners."""


def is_called(full_name: str, name: str) -> bool:
    """Tell whether `name`, as `shop` or `ada/shop`, may stand for `ada/shop`."""
    owner, _, plain = full_name.partition("/")
    wanted_owner, _, wanted = name.rpartition("/")
    return wanted == plain and wanted_owner.lower() in {"", owner}
