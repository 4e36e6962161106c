"""The eight actions that are counted, under their names on the queue and in a report."""

import enum


class Action(enum.StrEnum):
    """An action a report counts; its value is the measure's name in every file, answer and table."""

    SENT = "sent"
    RECEIVED = "received"
    VIEWED = "viewed"
    SIGNED = "signed"
    COMPLETED = "completed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def event_type(self) -> str:
        """The CloudEvents `type` under which the portal sends it."""
        return f"{_SUBJECTS.get(self, 'document')}.{self}"

    @classmethod
    def of_event_type(cls, event_type: str) -> "Action | None":
        return _BY_EVENT_TYPE.get(event_type)


# A recipient's request is received or declined; everything else happens to the document.
_SUBJECTS = {Action.RECEIVED: "request", Action.DECLINED: "request"}
_BY_EVENT_TYPE = {action.event_type: action for action in Action}
MEASURES: tuple[str, ...] = tuple(str(action) for action in Action)
