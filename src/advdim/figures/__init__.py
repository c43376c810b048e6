"""Figures: one style, and the frames in which notebooks show pictures, tables and sliders."""
