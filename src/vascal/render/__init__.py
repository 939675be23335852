"""Figures and pages made from a report."""
