"""Abdominal aortic calcification: grades of the eight wall-levels and what is made of them."""
