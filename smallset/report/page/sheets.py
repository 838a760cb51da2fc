"""The contact sheets of a page: pictures of the sets of a run, inside the page."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sheet:
    """The contact sheet of one set: its picture as a data URI, or what is lacking for one."""

    name: str
    picture: str = ""
    lacking: str = ""
