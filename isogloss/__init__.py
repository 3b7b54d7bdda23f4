"""Measure how evenly a language model learns new knowledge across languages."""
