"""The prompts of the likelihood measure, by name: everything, the query only, only what is needed, only distractors."""

VARIANTS = ("full", "query_only", "needed", "distractors")
