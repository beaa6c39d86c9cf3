"""Hostile requests to every route, and what is wrong with the answers.

Nothing is listed by hand: routes come from the application, fields from the pages it shows, and the names of parameters
and headers from what the views read.
"""
