"""What kind of source a name is: `<api>.<list>` of an inventory, or one that has a line of its own."""

_OWN_LINE = frozenset({"billing", "catalog", "account", "cockpit", "opencost", "storage", "audit_trail"})
_LISTED = frozenset({"cockpit.data_sources"})
_MEASURED = frozenset({"edge_services.requests"})


def is_inventory(source: str) -> bool:
    """Whether it is one of the many lists of what exists."""
    api, dot, _ = source.partition(".")
    return bool(dot) and source not in _MEASURED and (api not in _OWN_LINE or source in _LISTED)
