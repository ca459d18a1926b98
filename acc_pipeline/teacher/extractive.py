"""The extractive teacher: a rule that writes a rationale by pointing at the pieces that hold the answer.

Everything it says stands in the context, in `Context.checks` or in the answer; it adds connecting words only. It is
labelled `rule` and counts in no pass rate. The rule is chosen by what the context holds (a patch, a query with its
tables, or pages), not by the agent type's name, so that a new agent type has a teacher from its first day.
"""

from acc_pipeline.agents.base import Context
from acc_pipeline.teacher import extract_pages, extract_patch, extract_tables
from acc_pipeline.teacher.attempts import Draft
from acc_pipeline.teacher.options import TeacherOptions


def write(context: Context, *, options: TeacherOptions) -> Draft | str:
    """A rationale with the context's own answer, or the reason why the pieces do not bear it."""
    if extract_patch.applies(context):
        reasoning = extract_patch.reasoning(context, options=options)
    elif extract_tables.applies(context):
        reasoning = extract_tables.reasoning(context, options=options)
    else:
        reasoning = extract_pages.reasoning(context, options=options)
    if not reasoning:
        return "the evidence has no passage that bears the answer"
    return Draft(reasoning=reasoning, answer=context.answer)
