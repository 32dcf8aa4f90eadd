"""Drawn effects: tears, hearts, marks and all else that is painted on, behind or before the person."""
