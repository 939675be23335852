"""Simulated lateral radiographs of the lumbar spine with exactly known aortic calcium.

Lengths are in millimetres, x to the patient's back, y to the feet and z along the
beam, from the tube to the detector; the origin is the centre of L3. Patients look to
the left of the film until the very end.
"""
