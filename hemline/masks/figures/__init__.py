"""Figures of masks: overlap, boundary agreement, histograms, embeddings, and their statistics.

A formula says where it comes from. What a figure means for people is said in `active_learning`.
"""
