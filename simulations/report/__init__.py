"""The report of a study: one page and one picture of what consistency costs and gives."""

from simulations.report.page import frontier_picture, write_report

__all__ = ["frontier_picture", "write_report"]
