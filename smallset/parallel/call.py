"""A task on its way to a worker, and its outcome on the way back, as bytes."""

import pickle
import traceback

from smallset.parallel.graph import Done, Task, TaskError

# Errors that are the user's to mend; any other one keeps its type, and so its traceback.
_EXPECTED = (ValueError, OSError, ArithmeticError, MemoryError)


def packed(task: Task) -> bytes:
    """Pickle a task's call; arguments that are made late are made now."""
    arguments = task.arguments() if callable(task.arguments) else task.arguments
    return pickle.dumps((task.function, arguments))


def outcome(call: bytes) -> bytes:
    """Make a call and pickle (True, its value) or (False, its error with the traceback)."""
    try:
        function, arguments = pickle.loads(call)
        return pickle.dumps((True, function(*arguments)))
    except Exception as error:
        error.add_note("".join(traceback.format_exception(error)))
        try:
            sent = pickle.dumps((False, error))
            pickle.loads(sent)
        except Exception:  # an error of a kind that cannot travel
            sent = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
        return sent


def opened(task: Task, sent: bytes) -> Done:
    """Give what a worker sent for a task.

    Raises TaskError with the task's key for an error that is the user's to mend, and any other
    error of the task as it was.
    """
    worked, value = pickle.loads(sent)
    if worked:
        return Done(task.key, value)
    if isinstance(value, _EXPECTED):
        raise TaskError(f"{task.key}: {value}") from value
    value.add_note(f"in the task {task.key}")
    raise value
