"""Compiled loops over paths: what a step draws, where it goes, and whether it met a barrier.

They are made as those of pricing are (`hedgerow.pricing.kernels.compiled`).
"""
