"""People before the slates: what they find, find again, grow tired of, and whether they return.

A model of behaviour on top of what a play shows; docs/visitors.md says what of it is literature
and what is assumed.
"""
