"""Findings: one file for each subject's checks, one list of all keys, and the stored state of every finding."""
