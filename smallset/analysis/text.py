"""Numbers with their intervals, and names, as text."""

from smallset.evidence.estimates import Estimate
from smallset.records import Fact


def interval(found: Fact | Estimate) -> str:
    """Write a number with its interval: `0.412 [0.371, 0.453]`."""
    if found.low is None or found.high is None:
        return f"{found.value:.3f}"
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def percent_interval(found: Fact | Estimate) -> str:
    """Write a share with its interval in percent: `91.2 [90.1, 92.3] %`."""
    if found.low is None or found.high is None:
        return f"{100 * found.value:.1f} %"
    return f"{100 * found.value:.1f} [{100 * found.low:.1f}, {100 * found.high:.1f}] %"


def shown(name: str) -> str:
    """Return a name as it is, or escaped if it would break the line."""
    return name if name.isprintable() else repr(name)
