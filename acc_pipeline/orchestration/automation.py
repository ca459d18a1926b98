"""When a partition runs by itself. Not `eager()`: that fires on a failed blocking check and on identical rebuilds."""

import dagster as dg


def on_new_data() -> dg.AutomationCondition:
    """Run a partition when an input's content changed, its own code changed, or it was never made.

    Held back while an upstream blocking check fails, an upstream partition is missing or running, or it runs itself.
    """
    any_dep_changed = dg.AutomationCondition.any_deps_match(
        dg.AutomationCondition.data_version_changed() | dg.AutomationCondition.will_be_requested()
    )
    return (
        (
            any_dep_changed.since_last_handled()
            | dg.AutomationCondition.code_version_changed().since_last_handled()
            | dg.AutomationCondition.newly_missing().since_last_handled()
        )
        & dg.AutomationCondition.all_deps_blocking_checks_passed()
        & ~dg.AutomationCondition.any_deps_missing()
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
    ).with_label("on_new_data")
