"""The numbers of the README, measured on this machine: `python -m benchmarks [NAME...] [--json]`.

Each number sets two things beside each other that were measured in turn, so that whatever else the machine does meets
both. Nothing here is imported by the program.
"""
