"""The part of a response that is graded: what stands behind the thinking."""

END_OF_THINKING = "</think>"


def after_thinking(response: str) -> str:
    """The response without everything up to its last `</think>` and without leading white space."""
    return response.rpartition(END_OF_THINKING)[2].lstrip()
