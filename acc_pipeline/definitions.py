"""The whole product on one screen: what Dagster loads."""

from acc_pipeline.orchestration.build import build_defs
from acc_pipeline.settings import load_settings

defs = build_defs(load_settings())
