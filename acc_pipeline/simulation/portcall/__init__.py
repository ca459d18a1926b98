"""A small library for harbour offices: berths, tides, fees, manifests.

It is the repository that simulated swe agents work in, not a part of the pipeline: nothing imports it. A task copies
these files, puts one defect in, and lets an agent look for it.
"""
