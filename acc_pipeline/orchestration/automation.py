"""When a partition runs by itself. Not `eager()`: that fires on a failed blocking check and on identical rebuilds."""

import dagster as dg


def on_new_data() -> dg.AutomationCondition:
    """Run a partition when an input's content changed, its own code changed, or it was never made.

    Held back while an upstream blocking check fails, an upstream partition is missing or running, or it runs itself.
    """
    condition = dg.AutomationCondition
    any_dep_changed: dg.AutomationCondition = condition.any_deps_match(
        condition.data_version_changed() | condition.will_be_requested()
    )
    code_changed: dg.AutomationCondition = condition.code_version_changed()
    never_made: dg.AutomationCondition = condition.newly_missing()
    wanted: dg.AutomationCondition = (
        any_dep_changed.since_last_handled() | code_changed.since_last_handled() | never_made.since_last_handled()
    )
    return (
        wanted
        & condition.all_deps_blocking_checks_passed()
        & ~condition.any_deps_missing()
        & ~condition.any_deps_in_progress()
        & ~condition.in_progress()
    ).with_label("on_new_data")
