"""``./aipic doctor``: what is wrong with this setup, why, and the one command that mends it.

Everything but :mod:`app.ops.doctor.inside` needs the standard library only: it runs before anything is installed.
"""
