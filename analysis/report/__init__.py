"""The report: reads results, never fits; rounds, draws and writes them."""

from analysis.report.content import ReportContent
from analysis.report.writer import write_report

__all__ = ["ReportContent", "write_report"]
